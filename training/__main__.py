"""`python -m training`: fit, check, predict, evaluate, verify, estimate, calibrate and serve from the command line."""

import sys

from training.commands import main

if __name__ == "__main__":
    sys.exit(main())

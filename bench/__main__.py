"""`python -m bench`: what is measured, and with how much of it."""

import argparse
import sys

from bench import data, drafts, estimates, pairs, polls
from bench.experts import command as experts
from bench.training import command as training
from bench.training import few_shot, growth


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    data.add(commands)
    drafts.add(commands)
    estimates.add(commands)
    experts.add(commands)
    pairs.add(commands)
    polls.add(commands)
    training.add(commands)
    few_shot.add(commands)
    growth.add(commands)
    wanted = parser.parse_args()
    return int(wanted.run(wanted))


if __name__ == "__main__":
    sys.exit(main())

"""`manage.py work CLUSTER`, with a trainer that only pretends and with the waits of minutes cut to seconds."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    import django

    django.setup()
    from django.core.management import execute_from_command_line

    from projects.jobs import launcher
    from tests.faults.cluster import TRAINER, quick

    quick(setattr)
    launcher.MODULE = (str(TRAINER), os.environ["ATTUNE_TEST_TRAINER"])
    execute_from_command_line([sys.argv[0], "work", *sys.argv[1:]])

"""`manage.py work CLUSTER`, with a trainer that only pretends and, unless told otherwise, waits of seconds."""

import os
import sys
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def wrong(file: Path) -> None:
    """A clock that jumps by as many seconds as the file says, once there is one."""
    from django.utils import timezone

    right = timezone.now
    timezone.now = lambda: (
        right() + timedelta(seconds=int(file.read_text() if file.exists() else 0))
    )


if __name__ == "__main__":
    import django

    django.setup()
    from django.core.management import execute_from_command_line

    from projects.jobs import launcher
    from tests.faults.cluster import TRAINER, quick

    if "ATTUNE_TEST_WAITS" not in os.environ:
        quick(setattr)
    if clock := os.environ.get("ATTUNE_TEST_CLOCK"):
        wrong(Path(clock))
    if behaviour := os.environ.get("ATTUNE_TEST_TRAINER"):
        launcher.MODULE = (str(TRAINER), behaviour)
    execute_from_command_line([sys.argv[0], "work", *sys.argv[1:]])

"""Plays the queue and the clock of a running site, in its state folder: lines come in, one line goes out for each.

    work                    carries out all that waits in the queue, here and now; a run is trained
    work crash              the same, but runs, from now on, are what tests/projects/runs/fake_child.py plays
    sweep 2026-12-31T12:00  what time brings about in bills, as if it were then

Its own process, so that Django has the settings of that site; one for a whole walk, so that Django starts once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHILD = ROOT / "tests/projects/runs/fake_child.py"


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    threading.Thread(target=_beat, daemon=True).start()
    for line in sys.stdin:
        name, _blank, given = line.strip().partition(" ")
        done = {"work": _work, "sweep": _sweep}[name](given)
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()


def _beat() -> None:
    """To the pages, its queues are at work."""
    from django.conf import settings

    from projects.jobs import health

    while True:
        for cluster in settings.QUEUE_CLUSTERS:
            health.beat(cluster)
        time.sleep(health.EVERY)


def _work(behaviour: str) -> list[str]:
    """The names of what was done. Whatever that queues is done as well, save close looks at data, which take long."""
    from django.utils.module_loading import import_string
    from django_q.models import OrmQ

    from projects.jobs import launcher

    if behaviour:
        launcher.MODULE = (str(CHILD), behaviour)
    done = []
    while (entry := OrmQ.objects.exclude(key="look").order_by("pk").first()) is not None:
        task = entry.task
        entry.delete()
        import_string(task["func"])(*task["args"])
        done.append(task["func"])
    return done


def _sweep(moment: str) -> str:
    from billing import sweeping

    sweeping.sweep(datetime.fromisoformat(moment).astimezone())
    return moment


if __name__ == "__main__":
    main()

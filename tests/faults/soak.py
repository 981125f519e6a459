"""Two hundred runs over three workers for ten minutes, while something is killed every few seconds.

    .venv/bin/python -m tests.faults.soak
    .venv/bin/python -m tests.faults.soak --database "$(.ci/postgres start /tmp/attune-postgres)" --seed 2

The queue runs below the supervisor of the site and with the waits of the site; trainers only pretend, and lay down
checkpoints as real ones do. Prints figures, and ends with 1 when a run was lost, doubled or lied about.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORKERS, STEPS = 3, 16  # WORKERS as in soaking.py
CLUSTERS = ("attune", "train-cpu")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="address of a PostgreSQL; else SQLite")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        return serve()
    with tempfile.TemporaryDirectory(prefix="attune-soak-") as home:
        prepare(Path(home), wanted.database, ATTUNE_TEST_TRAINER=f"slow:{STEPS}")
        from tests.faults.soaking import Soak

        soak = Soak(Path(home), wanted.runs, wanted.minutes * 60, wanted.every, wanted.seed)
        figures = soak.run()
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 1 if figures["faults"] else 0


def prepare(home: Path, database: str = "", **environment: str) -> None:
    """Django on a state folder and a database of its own; the processes that are started inherit them."""
    os.environ |= {
        "ATTUNE_HOME": str(home),
        "ATTUNE_DATABASE_URL": own(database)
        if database
        else f"sqlite:///{home / 'attune.sqlite3'}",
        "ATTUNE_SECRET_KEY": secrets.token_hex(),
        "ATTUNE_RUN_SLOTS": str(WORKERS),
        "ATTUNE_TEST_WAITS": "own",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        **environment,
    }
    django_ready()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)


def own(database: str) -> str:
    """A database of its own on that server."""
    import psycopg

    name = f"attune_soak_{secrets.token_hex(4)}"
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    return f"{database.rpartition('/')[0]}/{name}"


def django_ready() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    import django

    django.setup()


def serve() -> int:
    """The supervisor of a site, with the queue as its only services, and the launcher where trainers are real."""
    django_ready()
    from django.conf import settings

    from config.services import queue_checks, queue_name, training
    from config.supervisor import Service, Supervisor, sole
    from projects.jobs import forked, launcher

    work = str(HERE / "work.py")
    services = [Service(queue_name(name), (sys.executable, work, name)) for name in CLUSTERS]
    if "ATTUNE_TEST_TRAINER" not in os.environ:
        socket = str(settings.ATTUNE_HOME / forked.SOCKET)
        bare = launcher.environment({}, network=False)
        services.append(Service("launcher", training("launch", "--socket", socket), bare))
    with sole(settings.ATTUNE_HOME) as lock:
        Supervisor(
            services=services,
            logs=settings.ATTUNE_HOME / "logs",
            say=lambda text: print(text, flush=True),  # noqa: T201
            ready=lambda: True,
            on_ready=lambda: None,
            checks=queue_checks(),
            folder=ROOT,
            keep_open=(lock,),
        ).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Parts of a queue cluster, or all of it, are killed while it carries out runs: each run ends, once, and truly.

What watches over a cluster on a running site, supervisor and sweep, is done by the tests in its place: a cluster that
has ended is started again, and the sweep is called in between.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection
from django_q.models import OrmQ

from accounts.models import User
from projects.jobs.queue import enqueue
from projects.runs import services, sweeping
from projects.runs.lifecycle import FINAL
from projects.runs.models import Run, Status
from tests.faults.cluster import Cluster, until
from tests.faults.invariants import assert_consistent

Start = Callable[..., Cluster]


def status_of(run: Run) -> str:
    return Run.objects.values_list("status", flat=True).get(pk=run.pk)


def now(run: Run) -> Run:
    run.refresh_from_db()
    return run


def running(run: Run) -> Run:
    """It is at work: its trainer has made a step."""
    until(lambda: run.events.filter(kind="step").exists(), "a first step")
    return now(run)


def ended(*runs: Run, cluster: Cluster | None = None, again: Start | None = None) -> None:
    """Waits for the end of all, with the sweep once a second; `again` starts a cluster in place of one that ended."""
    last = [0.0, cluster]

    def look() -> bool:
        if time.monotonic() - last[0] > 1:
            sweeping.sweep()
            last[0] = time.monotonic()
        if again and last[1].ended:
            last[1] = again()
        return all(status_of(run) in FINAL for run in runs)

    until(look, f"an end of {[now(run).status for run in runs]}")


PARTS: dict[str, Callable[[Cluster], psutil.Process]] = {
    "the worker that is busy": Cluster.busy,
    "the worker that is idle": Cluster.idle,
    "the monitor": lambda cluster: cluster.those("monitor")[0],
    "the pusher": lambda cluster: cluster.those("pusher")[0],
    "the sentinel": lambda cluster: cluster.those("sentinel")[0],
    "its main process": lambda cluster: cluster.those("main")[0],
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_killed(queued: Run, start: Any, start_cluster: Start, part: str) -> None:
    """And a run that is started afterwards is carried out as well."""
    cluster = start_cluster()
    running(queued)
    PARTS[part](cluster).kill()
    ended(queued, cluster=cluster, again=start_cluster)
    following = start()
    ended(following, cluster=cluster, again=start_cluster)
    assert {now(queued).status, now(following).status} == {Status.SUCCEEDED}
    assert_consistent()


def test_the_trainer_is_killed(queued: Run, start_cluster: Start) -> None:
    cluster = start_cluster()
    running(queued)
    until(lambda: queued.events.filter(kind="checkpoint").exists(), "a checkpoint")
    cluster.trainers()[0].kill()
    ended(queued)
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 2)
    assert queued.events.filter(kind="resumed").exists()
    assert_consistent()


def test_everything_is_killed_at_once(queued: Run, start: Any, start_cluster: Start) -> None:
    cluster, other = start_cluster(), start()
    running(queued)
    cluster.kill()
    start_cluster()
    ended(queued, other)
    assert {now(queued).status, now(other).status} == {Status.SUCCEEDED}
    assert_consistent()


MOMENTS = ("run.claimed", "run.fitted", "run.ending", "run.ended")


@pytest.mark.parametrize("moment", MOMENTS)
def test_its_worker_dies_in_the_moment(
    queued: Run, start_cluster: Start, tmp_path: Any, moment: str
) -> None:
    armed = {"ATTUNE_FAILPOINTS": f"{moment}=kill!", "ATTUNE_FAILPOINTS_SEEN": str(tmp_path)}
    start_cluster("good", **armed)
    ended(queued)
    assert now(queued).status == Status.SUCCEEDED
    written = moment == "run.ended"
    assert now(queued).attempt == (1 if written else 2)
    assert_consistent(tidied=not written)


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGTERM,), (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,)],
    ids=["SIGTERM", "SIGTERM twice", "SIGINT"],
)
def test_it_is_told_to_end(queued: Run, start_cluster: Start, signals: tuple[int, ...]) -> None:
    """The run goes back into the queue, is no failure, and goes on when there is a cluster again."""
    cluster = start_cluster()
    running(queued)
    for number in signals:
        cluster.terminate(number)
        time.sleep(0.1)
    until(lambda: cluster.ended, "the end of the cluster")
    assert now(queued).status == Status.QUEUED
    assert_consistent(ended=False)
    start_cluster()
    ended(queued)
    assert now(queued).status == Status.SUCCEEDED
    assert_consistent()


def test_two_clusters_by_mistake(start: Any, start_cluster: Start) -> None:
    runs = [start() for _ in range(4)]
    start_cluster("good")
    start_cluster("good")
    ended(*runs)
    assert [(now(run).status, run.attempt) for run in runs] == [(Status.SUCCEEDED, 1)] * 4
    assert_consistent()


def test_a_run_that_kills_whoever_runs_it_is_given_up(
    queued: Run, start_cluster: Start, alice: User
) -> None:
    start_cluster("poison")
    ended(queued)
    assert now(queued).status == Status.FAILED
    assert queued.attempt <= 3
    assert_consistent()


def test_a_worker_that_slept_has_lost_its_run(queued: Run, start_cluster: Start) -> None:
    """It and its trainer are stopped, the run is given to another, and then both wake up."""
    cluster = start_cluster()
    running(queued)
    sleeping = [cluster.busy(), *cluster.trainers()]
    for process in sleeping:
        process.suspend()
    until(lambda: (sweeping.sweep(), now(queued).attempt == 2)[1], "a second attempt")
    for process in sleeping:
        process.resume()
    ended(queued)
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 2)
    until(lambda: len(cluster.trainers()) == 0, "the end of both trainers")
    assert_consistent()


def test_a_person_stops_it(queued: Run, start_cluster: Start, alice: User) -> None:
    start_cluster()
    services.request_stop(run=running(queued), user=alice)
    ended(queued)
    assert now(queued).status == Status.CANCELLED
    assert_consistent()


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_the_database_is_locked_for_a_while(queued: Run, start_cluster: Start) -> None:
    start_cluster()
    running(queued)
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=30)
    other.execute("BEGIN EXCLUSIVE")
    time.sleep(4)
    other.rollback()
    other.close()
    ended(queued)
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 1)
    assert_consistent()


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_the_database_is_away_for_a_while(queued: Run, start_cluster: Start) -> None:
    """Every connection is cut, and for twenty seconds no new one is let in."""
    start_cluster()
    running(queued)
    name = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        time.sleep(20)
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    connection.close()
    ended(queued)
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 1)
    assert_consistent()


@pytest.mark.parametrize("hours", [1, -1])
def test_the_clock_jumps(
    queued: Run, start: Any, start_cluster: Start, tmp_path: Path, hours: int
) -> None:
    """That of the cluster's machine, under a run that is at work; another is queued by a machine that has the time."""
    clock = tmp_path / "clock"
    start_cluster(ATTUNE_TEST_CLOCK=str(clock))
    running(queued)
    clock.write_text(str(3600 * hours))
    other = start()
    ended(queued, other)
    assert [now(queued).attempt, now(other).attempt] == [1, 1]
    assert {queued.status, other.status} == {Status.SUCCEEDED}
    assert_consistent()


def test_the_queue_is_emptied_by_hand(queued: Run, start: Any, start_cluster: Start) -> None:
    """Under a run that is carried out, and one that waits."""
    start_cluster()
    other = start()
    running(queued)
    OrmQ.objects.all().delete()
    ended(queued, other)
    assert [now(queued).attempt, now(other).attempt] == [1, 1]
    assert {queued.status, other.status} == {Status.SUCCEEDED}
    assert_consistent()


def test_entries_that_nobody_can_read(queued: Run, start_cluster: Start) -> None:
    """They come first in the queue, and do not stand in its way."""
    entry = OrmQ.objects.get()
    entry.pk = None
    OrmQ.objects.all().delete()
    OrmQ.objects.create(key=entry.key, payload="nonsense", lock=entry.lock)
    OrmQ.objects.create(key=entry.key, payload=entry.payload[:-3] + "xyz", lock=entry.lock)
    entry.save()
    start_cluster("good")
    ended(queued)
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 1)
    assert_consistent()


def test_it_is_delivered_many_times(queued: Run, start_cluster: Start) -> None:
    """Before, while it is carried out, and afterwards."""
    key = OrmQ.objects.get().key
    enqueue(services.EXECUTE, queued.pk, cluster=key)
    start_cluster()
    running(queued)
    enqueue(services.EXECUTE, queued.pk, cluster=key)
    ended(queued)
    enqueue(services.EXECUTE, queued.pk, cluster=key)
    until(lambda: not OrmQ.objects.filter(key=key).exists(), "an empty queue")
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 1)
    assert_consistent()

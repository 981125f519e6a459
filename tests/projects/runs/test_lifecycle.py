"""The table of a run's life holds whatever order things come in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.runs import lifecycle
from projects.runs.lifecycle import FINAL, NEXT
from projects.runs.models import Run, RunEvent, Status

pytestmark = pytest.mark.django_db
Make = Callable[..., Run]


def test_every_status_is_in_the_table_and_can_come_to_an_end() -> None:
    assert set(NEXT) == set(Status)
    reach = {status: set(following) for status, following in NEXT.items()}
    for _again in Status:
        for following in reach.values():
            following |= {far for near in following for far in reach[near]}
    assert all(status in FINAL or reach[status] & FINAL for status in Status)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=st.lists(st.sampled_from(Status), max_size=8))
def test_only_what_the_table_allows_happens_and_leaves_a_row(
    bare: Make, moves: list[Status]
) -> None:
    run = bare()
    status, changes = Status.QUEUED, []
    for to in moves:
        moved = lifecycle.move(run.pk, to)
        assert moved == (to in NEXT[status])
        if moved:
            status = to
            changes.append(to.value)
        run.refresh_from_db()
        assert run.status == status
        assert (run.ended_at is not None) == (status in FINAL)
    rows = RunEvent.objects.filter(run=run)
    assert [row.data["status"] for row in rows] == changes
    assert [row.seq for row in rows] == list(range(1, len(changes) + 1))


def test_a_run_is_claimed_once(bare: Make) -> None:
    run = bare()
    assert lifecycle.claim(run.pk) == 1
    assert lifecycle.claim(run.pk) is None


def test_every_claim_is_another_attempt(bare: Make) -> None:
    run = bare()
    lifecycle.claim(run.pk)
    lifecycle.move(run.pk, Status.QUEUED, attempt=1)
    assert lifecycle.claim(run.pk) == 2


def test_an_older_attempt_moves_nothing(bare: Make) -> None:
    run = bare(Status.RUNNING, attempt=2)
    assert not lifecycle.move(run.pk, Status.SUCCEEDED, attempt=1)
    run.refresh_from_db()
    assert run.status == Status.RUNNING
    assert not RunEvent.objects.filter(run=run).exists()


def test_a_run_that_was_heard_of_is_not_taken_for_lost(bare: Make) -> None:
    now = timezone.now()
    run = bare(Status.RUNNING, attempt=1, heartbeat_at=now)
    unheard = Q(heartbeat_at__lt=now - timedelta(seconds=60))
    assert not lifecycle.move(run.pk, Status.QUEUED, where=unheard)


def test_nothing_happens_to_a_run_that_is_gone(bare: Make) -> None:
    run = bare()
    run_id = run.pk
    run.delete()
    assert lifecycle.claim(run_id) is None

"""One run through the worker, with a child process that only pretends to train."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from accounts.models import User
from billing.models import Hold, LedgerEntry
from projects.jobs import health, launcher, leaving, slots
from projects.runs import faults, folders, guarding, lifecycle, services, worker
from projects.runs.models import Artifact, Run, RunEvent, Status
from projects.runs.recorder import Recorder

pytestmark = pytest.mark.django_db
Behave = Callable[[str], None]
Start = Callable[..., Run]


def carried_out(run: Run) -> Run:
    worker.execute(run.pk)
    run.refresh_from_db()
    return run


def held(run: Run) -> bool:
    return Hold.objects.get(run_id=run.pk).released_at is None


def booked(run: Run) -> list[int]:
    """The attempts that were booked and not given back."""
    entries = LedgerEntry.objects.filter(run_id=run.pk)
    back = set(entries.filter(kind="refund").values_list("attempt", flat=True))
    used = entries.filter(kind="settle").values_list("attempt", flat=True)
    return [attempt for attempt in used if attempt not in back]


def at_step(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Calls `act` in the instant in which the worker hears of the first step."""
    heard, note = [], Recorder.note

    def listen(self: Recorder, event: Any) -> None:
        note(self, event)
        if event["event"] == "step" and not heard:
            heard.append(event)
            act()

    monkeypatch.setattr(Recorder, "note", listen)


def test_it_works(queued: Run, child: Behave) -> None:
    child("good")
    run = carried_out(queued)
    assert (run.status, run.attempt, run.progress) == (Status.SUCCEEDED, 1, 1.0)
    assert run.report["metrics"]["accuracy"] == 0.75
    assert (run.train_seconds, run.problem, run.seconds_left) == (1.5, None, None)
    assert not held(run)
    assert booked(run) == [1]


def test_the_artifact_is_there_and_verified(queued: Run, child: Behave) -> None:
    child("good")
    artifact = Artifact.objects.get(run=carried_out(queued))
    assert artifact.verified == {"rows": 4, "labels_equal": True, "max_difference": 1e-7}
    assert folders.artifact_zip(artifact).read_bytes() == b"a zip"
    assert folders.artifact_folder(artifact).is_dir()
    assert not (folders.of_attempt(queued, 1) / "checkpoint").exists()


def test_what_the_child_said_is_written_down_in_order(queued: Run, child: Behave) -> None:
    child("good")
    events = list(RunEvent.objects.filter(run=carried_out(queued)))
    kinds = [event.kind for event in events]
    assert kinds[0] == "status"
    assert kinds[-1] == "status"
    assert [kind for kind in kinds if kind in ("step", "scored")] == ["step", "step", "scored"]
    assert "report" not in kinds  # it stands in the run
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_a_loss_that_is_no_number_is_null(queued: Run, child: Behave) -> None:
    child("good")
    losses = RunEvent.objects.filter(run=carried_out(queued), kind="step").values_list(
        "data__loss", flat=True
    )
    assert list(losses) == [0.7, None]


def test_the_child_is_told_where_the_data_lies(queued: Run, child: Behave) -> None:
    child("good")
    spec = json.loads((folders.of_attempt(carried_out(queued)) / "spec.json").read_text())
    assert spec["version"].endswith(queued.version.path)
    assert spec["base_folder"]


def test_a_second_delivery_does_nothing(queued: Run, child: Behave) -> None:
    child("good")
    run = carried_out(queued)
    before = RunEvent.objects.filter(run=run).count()
    assert carried_out(run).attempt == 1
    assert RunEvent.objects.filter(run=run).count() == before
    assert booked(run) == [1]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.CANCELLED, Status.FAILED])
def test_a_delivery_for_a_run_that_is_not_waiting_does_nothing(
    bare: Callable[..., Run], child: Behave, status: Status
) -> None:
    child("crash")
    run = carried_out(bare(status, attempt=1))
    assert (run.status, run.attempt) == (status, 1)


def test_a_delivery_for_a_run_that_is_gone_does_nothing() -> None:
    worker.execute(uuid4())


def test_a_problem_of_the_users_is_told(queued: Run, child: Behave) -> None:
    child("wrong")
    run = carried_out(queued)
    assert run.status == Status.FAILED
    assert run.problem == {"code": "base.broken", "values": {"base": "B", "missing": "x"}}
    assert not held(run)


@pytest.mark.parametrize("how", ["crash", "quiet"])
def test_a_failure_of_ours_is_an_incident_without_its_details(
    queued: Run, child: Behave, how: str
) -> None:
    child(how)
    run = carried_out(queued)
    assert run.status == Status.FAILED
    assert set(run.problem) == {"incident"}
    assert "secret" not in json.dumps(run.problem)
    assert not held(run)
    assert booked(run) == []  # nobody pays for our faults


def test_a_child_that_is_killed_again_and_again_points_at_the_memory(
    queued: Run, child: Behave
) -> None:
    child("killed")
    for _again in range(services.LOSSES - 1):
        assert carried_out(queued).status == Status.QUEUED
    run = carried_out(queued)
    assert run.problem["code"] == "run.killed"
    assert run.problem["incident"]


def test_a_child_that_was_killed_for_its_memory_reads_fewer_rows_once(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "starved", lambda run: True)
    child("killed")
    run = carried_out(queued)
    assert (run.status, spec_of(run)["smaller"]) == (Status.QUEUED, 0)
    run = carried_out(queued)
    assert (run.status, spec_of(run)["smaller"]) == (Status.FAILED, 1)
    assert run.problem["code"] == "run.memory"


def spec_of(run: Run) -> dict[str, Any]:
    """As its last child was given it."""
    found: dict[str, Any] = json.loads((folders.of_attempt(run) / "spec.json").read_text())
    return found


def test_a_model_that_answers_otherwise_after_loading_is_no_success(
    queued: Run, child: Behave, django_capture_on_commit_callbacks: Any
) -> None:
    child("different")
    with django_capture_on_commit_callbacks(execute=True):
        run = carried_out(queued)
    assert (run.status, run.problem["code"]) == (Status.FAILED, "artifact.mismatch")
    assert not Artifact.objects.exists()
    assert not (folders.of_attempt(run) / "artifact.zip").exists()


def test_cancel_while_queued_ends_at_once(queued: Run, alice: User, child: Behave) -> None:
    child("crash")
    assert services.request_stop(run=queued, user=alice).status == Status.CANCELLED
    assert carried_out(queued).attempt == 0
    assert not held(queued)
    assert booked(queued) == []


def test_cancel_while_training(
    queued: Run, alice: User, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("endless")
    at_step(monkeypatch, lambda: services.request_stop(run=queued, user=alice))
    run = carried_out(queued)
    assert run.status == Status.CANCELLED
    assert run.stop_requested_at is not None
    assert (run.stop_requested_at - run.ended_at).total_seconds() > -2
    assert not held(run)
    assert booked(run) == [1]


def test_cancel_of_a_child_that_does_not_listen(
    queued: Run, alice: User, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("deaf")
    monkeypatch.setattr(guarding, "GRACE", 0.1)
    at_step(monkeypatch, lambda: services.request_stop(run=queued, user=alice))
    assert carried_out(queued).status == Status.CANCELLED


def test_cancel_in_the_instant_of_the_end_still_ends(
    queued: Run, alice: User, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("good")
    succeed = services.succeed

    def late(**given: Any) -> bool:
        services.request_stop(run=queued, user=alice)
        return succeed(**given)

    monkeypatch.setattr(services, "succeed", late)
    run = carried_out(queued)
    assert run.status == Status.SUCCEEDED
    assert not held(run)


def test_cancel_after_the_end_changes_nothing(queued: Run, alice: User, child: Behave) -> None:
    child("good")
    run = carried_out(queued)
    assert services.request_stop(run=run, user=alice).status == Status.SUCCEEDED


def test_a_worker_that_lost_the_run_writes_nothing(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("endless")

    def taken() -> None:
        services.requeue(queued.pk, attempt=1, reason="lost")
        lifecycle.claim(queued.pk)

    at_step(monkeypatch, taken)
    monkeypatch.setattr("projects.runs.recorder.COMMIT", 0.0)
    run = carried_out(queued)
    assert (run.status, run.attempt) == (Status.STARTING, 2)
    assert not RunEvent.objects.filter(run=run, attempt=2).exclude(kind="status").exists()
    assert held(run)


def test_when_the_queue_ends_the_run_is_given_back(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("endless")
    at_step(monkeypatch, leaving.announce)
    run = carried_out(queued)
    assert (run.status, run.progress, run.stage) == (Status.QUEUED, 0.0, "")
    assert held(run)


def test_stopped_by_somebody_else_it_is_tried_again(queued: Run, child: Behave) -> None:
    child("stopped")
    assert carried_out(queued).status == Status.QUEUED


def test_the_end_is_written_when_the_database_was_away_for_a_moment(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("good")
    succeed, tries = services.succeed, []

    def shaky(**given: Any) -> bool:
        tries.append(given)
        if len(tries) == 1:
            raise OperationalError("database is locked")
        return succeed(**given)

    monkeypatch.setattr(services, "succeed", shaky)
    monkeypatch.setattr(worker.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(worker.connection, "close", lambda: None)
    assert carried_out(queued).status == Status.SUCCEEDED


def test_several_devices_are_torchruns_and_cost_their_minutes(
    start: Start, settings: Any, monkeypatch: pytest.MonkeyPatch, child: Behave
) -> None:
    settings.GPUS = ["0", "1"]
    clusters = settings.Q_CLUSTER["ALT_CLUSTERS"]
    monkeypatch.setitem(clusters, health.GPU, {"workers": 2})
    settings.QUEUE_CLUSTERS = ["attune", health.GPU]
    child("good")
    program, how = launcher.MODULE
    pretend = f"import runpy, sys; sys.argv = sys.argv[:1] + ['{how}', *sys.argv[2:]]; "
    monkeypatch.setattr(
        launcher, "RANKS", ("-c", f"{pretend}runpy.run_path({program!r}, run_name='__main__')")
    )
    started: list[int] = []
    made = launcher.Torchrun.__call__

    def count(self: launcher.Torchrun, *given: Any, **more: Any) -> Any:
        started.append(self.devices)
        return made(self, *given, **more)

    monkeypatch.setattr(launcher.Torchrun, "__call__", count)
    run = carried_out(start(settings={"devices": 2}))
    assert run.status == Status.SUCCEEDED, run.problem
    assert started == [2]  # the check of what it saved needs one
    seconds = float(LedgerEntry.objects.get(run_id=run.pk, kind="settle").amount)
    assert seconds == pytest.approx(2 * run.total_seconds, abs=0.01)


def test_without_a_free_slot_it_waits_in_the_queue(
    queued: Run, monkeypatch: pytest.MonkeyPatch, child: Behave, settings: Any
) -> None:
    child("good")
    settings.GPUS = ["0", "1"]
    monkeypatch.setattr(slots, "PATIENCE", 0.0)
    with slots.taken(queued.cluster):  # by a run on several devices
        run = carried_out(queued)
    assert (run.status, run.problem, booked(run)) == (Status.QUEUED, None, [])
    assert held(run)
    run = carried_out(run)
    assert run.status == Status.SUCCEEDED

"""Starting a run: what is checked, what is held, and that a double click is one run."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django_q.models import OrmQ

from accounts.models import User
from billing.models import Hold, Plan, Subscription
from projects.datasets.models import DatasetVersion, HealthReport
from projects.models import Project
from projects.runs import lifecycle, services
from projects.runs.events import append
from projects.runs.models import Run, Status
from training.problems import Problem

Start = Callable[..., Run]


@pytest.mark.django_db
def test_it_works(start: Start, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = start(settings={"epochs": "2"}, seed=7)
    assert (run.status, run.number, run.attempt) == (Status.QUEUED, 1, 0)
    assert run.spec["settings"] == {"epochs": 2}
    assert run.spec["seed"] == 7
    assert run.estimated_seconds is not None
    assert run.estimated_seconds > 0
    assert Hold.objects.get(run_id=run.pk).released_at is None
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"]) == ("projects.runs.tasks.execute", (str(run.pk),))
    assert OrmQ.objects.get().key == "train-cpu"


@pytest.mark.django_db
def test_no_path_of_this_machine_is_stored(start: Start) -> None:
    assert not {"version", "train", "base_folder"} & start().spec.keys()


@pytest.mark.django_db
def test_the_same_key_is_the_same_run(start: Start) -> None:
    assert start(start_key="k").pk == start(start_key="k").pk
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_runs_are_numbered_within_their_project(start: Start) -> None:
    assert [start().number, start().number] == [1, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"base": "nonsense"}, "base.unknown"),
        ({"base": "bert-base-uncased"}, "base.missing"),
        ({"effort": "heroic"}, "spec.choice"),
        ({"seed": -1}, "spec.range"),
        ({"seed": "13"}, "spec.range"),
        ({"settings": {"epochs": 1000}}, "spec.range"),
        ({"settings": {"nonsense": 1}}, "spec.unknown"),
        ({"settings": {"method": "lora", "trained": "top"}}, "spec.together"),
        ({"settings": {"method": "prefix"}}, "spec.choice"),
        ({"settings": {"quantize": "4bit", "method": "lora"}}, "train.quantize"),
    ],
)
def test_it_rejects_what_cannot_be_run(start: Start, given: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as found:
        start(**given)
    assert found.value.code == code
    assert not Run.objects.exists()
    assert not Hold.objects.exists()


@pytest.mark.django_db
def test_data_of_another_project_is_refused(start: Start, project: Project) -> None:
    other = Project.objects.create(workspace=project.workspace, name="Other", task=project.task)
    with pytest.raises(Problem, match=r"not there"):
        start(project=other)


@pytest.mark.django_db
def test_a_red_gate_asks_for_a_word(start: Start, version: DatasetVersion) -> None:
    version.gate = "red"
    version.save()
    with pytest.raises(Problem) as found:
        start()
    assert found.value.code == "run.gate"
    assert start(confirmed=True).status == Status.QUEUED


def known(version: DatasetVersion, *ignored: str) -> None:
    """A report that found a leak, which some people ignore."""
    leak = {"code": "leak.near", "severity": "red", "count": 3, "places": []}
    leak["values"] = {"split": "test", "other": "train", "share": 3}
    left = [{"name": name, "by": "alice@example.org", "at": "2026-01-02"} for name in ignored]
    HealthReport.objects.create(version=version, base="x", findings=[leak], ignored=left)


@pytest.mark.django_db
def test_what_the_close_look_found_asks_for_a_word_too(
    start: Start, version: DatasetVersion
) -> None:
    known(version)
    with pytest.raises(Problem, match="ended red"):
        start()
    run = start(confirmed=True)
    assert run.data_state == {"gate": "red", "confirmed": True, "ignored": []}


@pytest.mark.django_db
def test_what_is_ignored_asks_for_no_word_and_is_kept_with_the_run(
    start: Start, version: DatasetVersion
) -> None:
    known(version, "leak.near:test-train")
    assert start().data_state == {
        "gate": "green",
        "confirmed": False,
        "ignored": [
            {
                "name": "leak.near:test-train",
                "severity": "red",
                "by": "alice@example.org",
                "at": "2026-01-02",
            }
        ],
    }


def at_most(project: Project, **limits: int) -> None:
    plan = Plan.objects.create(slug="tight", name="Tight", **limits)
    Subscription.objects.update_or_create(workspace=project.workspace, defaults={"plan": plan})


@pytest.mark.django_db
def test_a_run_beyond_the_plans_places_waits_and_is_let_in_when_one_ends(
    start: Start, project: Project, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    at_most(project, max_concurrent_runs=1)
    first, second, third = start(), start(), start()
    assert (second.status, second.waits_for, third.status) == (Status.WAITING, "runs", "waiting")
    assert not Hold.objects.filter(run_id=second.pk).exists()
    with django_capture_on_commit_callbacks(execute=True):
        services.request_stop(run=first, user=alice)
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.status, second.waits_for, third.status) == (Status.QUEUED, "", Status.WAITING)
    assert Hold.objects.get(run_id=second.pk).released_at is None
    assert OrmQ.objects.get(key=second.cluster).task["args"] == (str(second.pk),)


@pytest.mark.django_db
def test_a_run_that_waits_can_be_stopped(start: Start, project: Project, alice: User) -> None:
    at_most(project, max_concurrent_runs=1)
    start()
    assert services.request_stop(run=start(), user=alice).status == Status.CANCELLED


@pytest.mark.django_db
def test_without_minutes_nothing_starts_and_what_waits_goes_on_waiting(
    start: Start, project: Project, alice: User
) -> None:
    at_most(project, max_concurrent_runs=1, max_training_minutes=2)
    first, second = start(), start()
    lifecycle.claim(first.pk)
    append(first.pk, [("step", {"step": 1})])  # else nothing would be due
    services.end(first.pk, Status.FAILED, attempt=1, seconds=120)
    assert services.admit(project.workspace) == 0
    second.refresh_from_db()
    assert (second.status, second.waits_for) == (Status.WAITING, "minutes")
    with pytest.raises(Problem) as raised:
        start()
    assert raised.value.code == "quota.minutes"
    assert Run.objects.count() == 2


@pytest.mark.django_db
def test_a_queue_is_no_store(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "AHEAD", 1)
    start()
    with pytest.raises(Problem) as raised:
        start()
    assert raised.value.code == "quota.ahead"
    assert Run.objects.count() == Hold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_starts_at_a_limit_of_one_queue_one_run(start: Start, project: Project) -> None:
    at_most(project, max_concurrent_runs=1)
    barrier = threading.Barrier(8)

    def one() -> None:
        barrier.wait()
        try:
            start()
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Run.objects.values_list("status", flat=True)) == ["queued"] + ["waiting"] * 7
    assert Hold.objects.filter(released_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_five_clicks_at_once_are_one_run(start: Start) -> None:
    barrier, made = threading.Barrier(5), []

    def one() -> None:
        barrier.wait()
        try:
            made.append(start(start_key="double").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 5
    assert len(set(made)) == Run.objects.count() == Hold.objects.count() == 1


@pytest.mark.django_db
def test_a_search_keeps_its_minutes(start: Start, project: Project) -> None:
    given = {"max_training_minutes": 30, "features": ["search"]}
    plan = Plan.objects.create(slug="tight", name="Tight", **given)
    Subscription.objects.update_or_create(workspace=project.workspace, defaults={"plan": plan})
    start(search={"minutes": 20})
    with pytest.raises(Problem) as raised:
        start(search={"minutes": 20})
    assert (raised.value.code, raised.value.values["used"]) == ("quota.minutes", 20)
    tries = start(search={"trials": 2})
    assert Hold.objects.get(run_id=tries.pk).seconds >= 1
    run = start()
    assert Hold.objects.get(run_id=run.pk).seconds == math.ceil(run.estimated_seconds or 0)


@pytest.mark.django_db
def test_it_takes_the_devices_that_the_plan_allows(
    start: Start, project: Project, settings: Any
) -> None:
    settings.GPUS = ["0", "1", "2", "3"]
    assert "devices" not in start().spec["settings"]  # others train beside it
    run = start(settings={"devices": 4})
    assert (run.spec["settings"]["devices"], run.estimate["devices"]) == (4, 4)
    given = {"max_devices": 2, "features": ["several_gpus"]}
    plan = Plan.objects.create(slug="tight", name="Tight", **given)
    Subscription.objects.update_or_create(workspace=project.workspace, defaults={"plan": plan})
    with pytest.raises(Problem) as raised:
        start(settings={"devices": 3})
    assert raised.value.code == "quota.devices"
    assert start(settings={"devices": 2}).spec["settings"]["devices"] == 2

"""A run once more, and more of it: what it is started with, and whether its figures hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from projects.runs import again, folders, planning
from projects.runs.models import Follows, Run, Status
from training import artifact, checkpoints
from training.problems import Problem

pytestmark = pytest.mark.django_db
SETTINGS = {"epochs": 3, "learning_rate": 1e-4, "precision": "fp32"}
HERE = {"device": "cpu", "threads": 1, "torch": "2", "processor": "A"}


@pytest.fixture
def done(succeeded: Run) -> Run:
    """With the details that a real report has, and its last state."""
    report = dict(succeeded.report)
    data = {"sha256": "d", "splits": {"test": "t"}}
    report["details"] |= {"settings": SETTINGS, "epochs_run": 3, "environment": HERE, "data": data}
    Run.objects.filter(pk=succeeded.pk).update(report=report)
    keep_state(succeeded, {"learning_rate": 1e-4})
    succeeded.refresh_from_db()
    return succeeded


def keep_state(run: Run, asked: dict[str, Any]) -> None:
    place = folders.of_attempt(run) / folders.TRAINED / "baselines"
    place.mkdir(parents=True)
    setup = {"mark": {"asked": asked}, "settings": SETTINGS}
    checkpoints.write_json(place / checkpoints.STATE, {"setup": setup})


def ended(run: Run, origin: Run, **changes: Any) -> Run:
    """As its origin did, but for what is changed in its report: `metrics` or names of the environment."""
    report = copy.deepcopy(origin.report)
    report["metrics"] |= changes.pop("metrics", {})
    report["details"]["environment"] |= changes.pop("environment", {})
    report["details"] |= changes
    Run.objects.filter(pk=run.pk).update(status=Status.SUCCEEDED, report=report, attempt=1)
    return Run.objects.select_related("origin", "project__workspace").get(pk=run.pk)


def test_it_is_started_with_what_had_been_chosen(done: Run, alice: User) -> None:
    run = again.repeat(run=done, user=alice)
    assert (run.origin, run.follows, run.status) == (done, Follows.REPEAT, Status.QUEUED)
    assert run.version == done.version
    assert run.spec["settings"] == SETTINGS
    assert {**run.spec, "settings": {}} == {**done.spec, "settings": {}}
    assert again.agreement(run) is None


def test_the_same_click_twice_makes_one_run(done: Run, alice: User) -> None:
    runs = [again.repeat(run=done, user=alice, start_key="k") for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("status", [Status.FAILED, Status.RUNNING, Status.PAUSED])
def test_only_a_success_is_repeated(bare: Callable[..., Run], alice: User, status: Status) -> None:
    with pytest.raises(Problem) as caught:
        again.repeat(run=bare(status), user=alice)
    assert caught.value.code == "run.again"


def test_figures_that_hold(done: Run, alice: User) -> None:
    found = again.agreement(ended(again.repeat(run=done, user=alice), done))
    assert found
    assert (found.equal, found.difference, found.hardware, found.versions) == (True, 0.0, (), ())
    assert found.data


def test_figures_that_do_not(done: Run, alice: User) -> None:
    run = again.repeat(run=done, user=alice)
    changed = {"metrics": {"accuracy": 0.5}, "environment": {"torch": "3", "threads": 8}}
    found = again.agreement(ended(run, done, **changed))
    assert found
    assert (found.equal, found.difference, found.figure) == (False, 0.25, "accuracy")
    assert (found.hardware, found.versions) == (("threads",), ("torch",))


def test_weights_are_compared_file_by_file(done: Run) -> None:
    folder = folders.artifact_folder(done.artifact)
    assert again._weights(done) is None  # it has no list
    (folder / "model.safetensors").write_bytes(b"weights")
    artifact.write_checksums(folder)
    assert list(again._weights(done) or {}) == ["model.safetensors"]


def test_epochs_are_added(done: Run, alice: User) -> None:
    run = again.extend(run=done, user=alice, epochs=2)
    assert (run.origin, run.follows) == (done, Follows.EXTEND)
    # What was left to choose is not set: it is taken over with the state.
    assert run.spec["settings"] == {"learning_rate": 1e-4, "epochs": 5}
    spec = planning.runnable(run, Path("v"))
    assert spec.continues == str(folders.of_attempt(done))
    run.refresh_from_db()
    assert run.estimate_factor == 0


def test_without_a_state_none_are(done: Run, alice: User) -> None:
    run = again.extend(run=done, user=alice, epochs=2)
    checkpoints.Store(folders.of_attempt(done)).folder.joinpath(folders.TRAINED).rename(
        folders.of_attempt(done) / "gone"
    )
    for act in (
        lambda: again.extend(run=done, user=alice, epochs=2),
        lambda: planning.runnable(run, Path("v")),
    ):
        with pytest.raises(Problem) as caught:
            act()
        assert caught.value.code == "run.epochs"


@pytest.mark.parametrize("epochs", [0, 51])
def test_some_epochs_are_added(done: Run, alice: User, epochs: int) -> None:
    with pytest.raises(Problem) as caught:
        again.extend(run=done, user=alice, epochs=epochs)
    assert caught.value.code == "spec.range"


def test_the_state_of_the_newest_success_is_kept(
    done: Run, alice: User, bare: Callable[..., Run]
) -> None:
    newer, newest = (bare(Status.SUCCEEDED, attempt=1) for _ in range(2))
    keep_state(newer, {})
    keep_state(newest, {})
    again.extend(run=done, user=alice, epochs=2)  # which still needs that of its origin
    folders.forget_states(newest)
    assert [bool(folders.trained(run)) for run in (done, newer, newest)] == [True, False, True]


# --- the page and the API --------------------------------------------------------------------------------------------


def url(name: str, run: Run) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk])


def test_the_page_offers_both(done: Run, alice_client: Client, vera_client: Client) -> None:
    text = alice_client.get(url("run", done)).content.decode()
    assert url("run-repeat", done) in text
    assert url("run-extend", done) in text
    assert url("run-repeat", done) not in vera_client.get(url("run", done)).content.decode()


def test_a_click_leads_to_the_new_run(done: Run, alice_client: Client) -> None:
    answer = alice_client.post(url("run-extend", done), {"epochs": "2", "start_key": "k"})
    run = Run.objects.get(follows=Follows.EXTEND)
    assert answer.url == url("run", run)  # type: ignore[attr-defined]
    assert "goes on from run 1" in alice_client.get(answer.url).content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "The same as run 1"),
        ({"metrics": {"accuracy": 0.5}}, "25.000 points"),
        ({"metrics": {"accuracy": 0.5}, "environment": {"torch": "3"}}, "now: torch"),
        ({"metrics": {"accuracy": 0.5}, "data": {}}, "division of its rows"),
    ],
)
def test_the_page_tells_whether_they_agree(
    done: Run, alice: User, alice_client: Client, changes: dict[str, Any], words: str
) -> None:
    run = ended(again.repeat(run=done, user=alice), done, **changes)
    made = done.artifact
    made.pk, made.run = None, run
    made.save(force_insert=True)
    assert words in alice_client.get(url("run", run)).content.decode()


def test_the_api(done: Run, alice: User, api: APIClient) -> None:
    answer = api.post(reverse("api-run-repeat", args=[done.pk]))
    assert (answer.status_code, answer.json()["origin"]) == (202, str(done.pk))
    run = Run.objects.get(pk=answer.json()["id"])
    assert api.get(reverse("api-run-agreement", args=[run.pk])).status_code == 404
    ended(run, done)
    assert api.get(reverse("api-run-agreement", args=[run.pk])).json()["equal"] is True
    more = api.post(reverse("api-run-extend", args=[done.pk]), {"epochs": 2}, format="json")
    assert (more.status_code, more.json()["follows"]) == (202, "extend")

"""A search for better settings: asked for in the wizard and the API, watched while it runs, shown in the results."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Plan, Subscription
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import folders, lifecycle, planning, searching, services
from projects.runs.events import append
from projects.runs.models import Run, Status
from projects.runs.recorder import Recorder
from projects.runs.results import Result
from training.problems import Problem

pytestmark = pytest.mark.django_db
SPACE = [
    {"name": "learning_rate", "usual": 1e-4, "low": 2e-5, "high": 5e-4, "log": True, "choices": []},
    {"name": "batch_size", "usual": 32, "low": 0, "high": 0, "log": False, "choices": [16, 32]},
]


def trial(
    number: int, value: float | None, state: str = "complete", **given: Any
) -> dict[str, Any]:
    settings = {"learning_rate": 1e-4 * (1 + number), "batch_size": 32 if number == 0 else 16}
    told = {"number": number, "state": state, "settings": settings, "value": value}
    return {**told, "values": [], "seconds": 12.5, "reason": "", **given}


def told(**given: Any) -> dict[str, Any]:
    trials = [trial(0, 0.8), trial(1, 0.9), trial(2, 0.4, "pruned", reason="promise"),
              trial(3, None, "failed", reason="train.memory")]  # fmt: skip
    usual = {"budget": {"trials": 4}, "figure": "accuracy", "head": "sequence", "rows": 200}
    usual |= {"space": SPACE, "trials": trials, "best": 1, "value": 0.9, "usual": 0.8}
    usual |= {"error": 0.02, "importance": {"learning_rate": 0.7, "batch_size": 0.3}, "seconds": 50}
    return usual | given


def result(**given: Any) -> Result:
    return Result({"metrics": {}, "details": {"search": told(**given)}})


@pytest.fixture
def searched(succeeded: Run) -> Run:
    """A succeeded run whose settings were searched."""
    report = dict(succeeded.report or {})
    report["details"] = {**report["details"], "search": told()}
    succeeded.report, succeeded.spec = report, {**succeeded.spec, "search": {"trials": 4}}
    succeeded.save()
    return succeeded


def address(run: Run, name: str = "run", *more: str) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk, *more])


def text(response: Any) -> str:
    return b"".join(response).decode()


# --- asking for one --------------------------------------------------------------------------------------------------


@pytest.fixture
def train(project: Project) -> str:
    return reverse("train", args=[project.workspace.slug, project.pk])


@pytest.fixture
def chosen(version: DatasetVersion) -> dict[str, str]:
    return {"version": str(version.pk), "base": "minilm-l6", "effort": "quick"}


def test_the_wizard_starts_one(
    alice_client: Client, train: str, chosen: dict[str, str], project: Project
) -> None:
    given = {**chosen, "step": "review", "search-trials": "20", "search-minutes": "30"}
    page = text(alice_client.get(train, given))
    assert "Settings to try, at most" in page
    assert '<input type="hidden" name="search-trials" value="20">' in page
    alice_client.post(train, given)
    assert Run.objects.get(project=project).spec["search"] == {"trials": 20, "minutes": 30.0}


def test_without_a_budget_there_is_none(
    alice_client: Client, train: str, chosen: dict[str, str], project: Project
) -> None:
    alice_client.post(train, {**chosen, "step": "review", "search-trials": ""})
    assert Run.objects.get(project=project).spec["search"] == {}


@pytest.mark.parametrize("value", ["1", "many", "2.5"])
def test_a_budget_that_makes_no_sense_leads_back_to_its_field(
    alice_client: Client, train: str, chosen: dict[str, str], value: str
) -> None:
    response = alice_client.post(train, {**chosen, "step": "review", "search-trials": value})
    page = text(response)
    assert response.status_code == 422
    assert "Settings to try, at most" in page
    assert f'name="search-trials" value="{value}"' in page


def test_the_api_starts_one(
    alice_client: Client, project: Project, version: DatasetVersion
) -> None:
    url = reverse("api-runs", args=[project.pk])
    given = {"effort": "quick", "search": {"minutes": 5, "names": ["epochs"], "pruner": "none"}}
    run = alice_client.post(url, given, content_type="application/json").json()
    assert run["spec"]["search"] == {"minutes": 5.0, "names": ["epochs"], "pruner": "none"}


def test_the_api_names_what_is_wrong(
    alice_client: Client, project: Project, version: DatasetVersion
) -> None:
    url = reverse("api-runs", args=[project.pk])
    given = {"effort": "quick", "search": {"trials": 0}}
    response = alice_client.post(url, given, content_type="application/json")
    assert response.status_code == 422
    assert response.json()["values"]["field"] == "search.trials"


def test_the_estimate_holds_the_budget(project: Project, version: DatasetVersion) -> None:
    given: dict[str, Any] = {"base": "minilm-l6", "effort": "quick", "seed": 13, "settings": {}}
    bare = planning.estimate(version, planning.spec(project, **given))
    whole = planning.estimate(version, planning.spec(project, **given, search={"minutes": 10}))
    assert whole.seconds == pytest.approx(bare.seconds + 600, abs=0.2)


def test_the_efforts_say_what_they_take_with_it(
    alice_client: Client, train: str, chosen: dict[str, str]
) -> None:
    page = text(alice_client.get(train, {**chosen, "step": "model", "search-minutes": "90"}))
    assert len(re.findall(r"about 1\.5 h", page)) == 3
    assert "about 1.5 h" not in text(alice_client.get(train, {**chosen, "step": "model"}))


def test_a_plan_with_less_than_its_minutes_refuses_it(
    start: Callable[..., Run], project: Project
) -> None:
    plan = Plan.objects.create(
        slug="small", name="Small", features=["search"], max_training_minutes=10
    )
    Subscription.objects.update_or_create(workspace=project.workspace, defaults={"plan": plan})
    with pytest.raises(Problem) as raised:
        start(search={"minutes": 11})
    assert raised.value.code == "quota.minutes"
    assert start(search={"minutes": 10}).status == Status.QUEUED


def test_its_length_does_not_correct_later_estimates(start: Callable[..., Run]) -> None:
    assert start(search={"minutes": 5}).estimate_factor == 0


def test_training_again_asks_for_the_same_search(alice_client: Client, searched: Run) -> None:
    assert "search-trials=4" in text(alice_client.get(address(searched)))


# --- while it runs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def running(bare: Callable[..., Run]) -> Run:
    spec = {"task": "text-classification", "base": "minilm-l6", "effort": "quick", "seed": 13}
    run = bare(spec={**spec, "search": {"trials": 4}})
    attempt = lifecycle.claim(run.pk)
    assert attempt
    recorder = Recorder(run.pk, attempt)
    recorder.note({"event": "stage", "name": "searching", "progress": 0.3, "seconds_left": 90.0})
    recorder.note({"event": "search", "trials": 4, "minutes": None, "figure": "accuracy",
                   "head": "sequence", "space": SPACE})  # fmt: skip
    for item in (trial(0, 0.8, "running"), trial(0, 0.8), trial(1, 0.9), trial(2, None, "running")):
        recorder.note({"event": "trial", **item})
    recorder.flush(now=True)
    run.refresh_from_db()
    return run


def test_each_trial_stands_once_with_the_newest_on_top(running: Run) -> None:
    found = searching.live(running)["searching"]
    assert [row["number"] for row in found["trials"]] == [1, 0]
    assert found["best"]["number"] == 1
    assert [row["number"] for row in found["now"]] == [2]


def test_the_page_shows_how_far_it_is(alice_client: Client, running: Run) -> None:
    page = text(alice_client.get(address(running, "run-status")))
    assert "Searching for better settings" in page
    assert "2 of at most 4" in page
    assert "90.0" in page


def test_of_another_run_there_is_nothing_of_it(alice_client: Client, queued: Run) -> None:
    assert searching.live(queued) == {}
    assert "Searching for better settings" not in text(alice_client.get(address(queued)))


def test_a_lost_attempt_hands_its_trials_on(running: Run) -> None:
    folder = folders.fresh(running, 1)
    (folder / folders.STUDY).write_text("trials")
    services.requeue(running.pk, attempt=1, reason="lost")
    assert lifecycle.claim(running.pk) == 2
    running.refresh_from_db()
    folders.fresh(running, 2)
    folders.carry_over(running, 2)
    assert (folders.of_attempt(running) / folders.STUDY).read_text() == "trials"


def test_the_trials_of_an_attempt_before_do_not_count_twice(running: Run) -> None:
    services.requeue(running.pk, attempt=1, reason="lost")
    lifecycle.claim(running.pk)
    append(running.pk, [("trial", trial(0, 0.7))])
    running.refresh_from_db()
    assert [row["number"] for row in searching.live(running)["searching"]["trials"]] == [0]


def test_one_that_was_cancelled_still_shows_its_trials(alice_client: Client, running: Run) -> None:
    services.end(running.pk, Status.CANCELLED, attempt=1)
    page = text(alice_client.get(address(running)))
    assert "2 of at most 4" in page


# --- what it found ---------------------------------------------------------------------------------------------------


def test_the_leaderboard_has_the_best_on_top_and_the_failed_last() -> None:
    found = searching.found(result())["search"]["rows"]
    assert [row["number"] for row in found] == [1, 0, 2, 3]
    assert found[0]["best"]
    assert found[2]["told"] == "Given up early"
    assert found[3]["told"].startswith("Failed: ")


def test_of_a_loss_less_is_better() -> None:
    found = searching.found(result(figure="loss", head="text", best=0, error=None))
    assert [row["number"] for row in found["search"]["rows"]][:2] == [0, 1]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "90.0%, and 80.0% with the usual settings."),
        ({"error": 0.2}, "So small a difference may be chance."),
        ({"best": 0, "value": 0.8}, "Nothing was better than the usual settings"),
        ({"usual": None}, "on the validation rows: 90.0%."),
    ],
)
def test_it_says_what_was_gained(given: dict[str, Any], sentence: str) -> None:
    said = searching.found(result(**given))["search"]["verdict"]
    assert sentence in re.sub(r"\s+%", "%", said)


def test_the_page_shows_it(alice_client: Client, searched: Run) -> None:
    page = text(alice_client.get(address(searched)))
    assert "The search for better settings" in page
    assert "Leaderboard" in page
    assert address(searched, "run-chart", "search") in page


def test_every_line_ends_at_its_score(alice_client: Client, searched: Run) -> None:
    figure = alice_client.get(address(searched, "run-chart", "search")).json()
    assert len(figure["data"]) == 3  # the failed one has no score
    best = figure["data"][-1]
    assert best["name"] == "The best"
    assert best["y"][-1] == 1
    assert all(0 <= height <= 1 for line in figure["data"] for height in line["y"])
    assert {line["type"] for line in figure["data"]} == {"scatter"}


def test_the_bars_have_the_most_important_on_top(alice_client: Client, searched: Run) -> None:
    figure = alice_client.get(address(searched, "run-chart", "importance")).json()
    assert figure["data"][0]["y"][-1] == "Learning rate"


@pytest.mark.parametrize("name", ["search", "importance"])
def test_a_run_without_a_search_has_no_such_chart(
    alice_client: Client, succeeded: Run, name: str
) -> None:
    assert alice_client.get(address(succeeded, "run-chart", name)).status_code == 404


def test_strangers_see_nothing_of_it(charlie_client: Client, searched: Run) -> None:
    assert charlie_client.get(address(searched, "run-chart", "search")).status_code == 404


@pytest.mark.parametrize(
    ("value", "written"),
    [(3.4e-5, "0.000034"), (0.1, "0.1"), (0.0, "0"), (32, "32"), (True, "On"), (1e-4, "0.0001")],
)
def test_settings_are_written_out(value: Any, written: str) -> None:
    assert searching.shown(value) == written

"""The API of runs does what the pages do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs.models import Run, Status
from projects.serving import client as serving

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous"),
]
Make = Callable[..., Run]


@pytest.fixture
def runs(project: Project) -> str:
    return f"/api/v1/projects/{project.pk}/runs/"


def at(run: Run, name: str = "") -> str:
    return f"/api/v1/runs/{run.pk}/{name}"


def test_start_works(api: APIClient, runs: str, version: DatasetVersion) -> None:
    choice = {"effort": "quick", "seed": 7, "settings": {"epochs": 2}}
    response = api.post(runs, choice, format="json")
    run = Run.objects.get()
    assert response.status_code == 202
    assert response["Location"] == at(run)
    assert (response.json()["status"], response.json()["version"]) == ("queued", str(version.pk))
    assert run.spec["settings"] == {"epochs": 2}


def test_start_with_the_same_key_is_the_same_run(
    api: APIClient, runs: str, version: DatasetVersion
) -> None:
    for _again in range(2):
        api.post(runs, {}, format="json", headers={"Idempotency-Key": "k"})
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"version": str(uuid4())}, 422, "run.version"),
        ({"base": "nonsense"}, 422, "base.unknown"),
        ({"settings": {"epochs": 1000}}, 422, "spec.range"),
        ({"effort": "heroic"}, 400, "request.invalid"),
        ({"seed": "x"}, 400, "request.invalid"),
        ({"settings": 3}, 400, "request.invalid"),
    ],
)
def test_start_names_what_is_wrong(
    api: APIClient, runs: str, version: DatasetVersion, given: Any, status: int, code: str
) -> None:
    response = api.post(runs, given, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Run.objects.exists()


def test_start_without_data_says_so(api: APIClient, runs: str) -> None:
    assert api.post(runs, {}, format="json").json()["code"] == "run.version"


def test_estimate_is_an_interval(api: APIClient, project: Project, version: DatasetVersion) -> None:
    found = api.post(f"/api/v1/projects/{project.pk}/estimate/", {}, format="json").json()
    assert 0 < found["low"] < found["seconds"] < found["high"]
    assert found["measured"] is False


def test_list_and_read(api: APIClient, runs: str, succeeded: Run) -> None:
    listed = api.get(runs).json()["results"]
    assert [item["id"] for item in listed] == [str(succeeded.pk)]
    read = api.get(at(succeeded)).json()
    assert (read["status"], read["progress"], read["problem"]) == ("succeeded", 1.0, None)
    assert read["artifact"]["sha256"] == succeeded.artifact.sha256


def test_a_failed_run_tells_why(api: APIClient, bare: Make) -> None:
    run = bare(Status.FAILED, problem={"code": "run.memory", "values": {}, "incident": "abcdefg"})
    problem = api.get(at(run)).json()["problem"]
    assert (problem["code"], problem["incident"]) == ("run.memory", "abcdefg")
    assert "smaller" in problem["remedy"]


def test_events_since(api: APIClient, succeeded: Run) -> None:
    whole = api.get(at(succeeded, "events/")).json()
    assert [event["seq"] for event in whole["events"]] == list(range(1, len(whole["events"]) + 1))
    assert whole["ended"] is True
    third = api.get(at(succeeded, "events/"), {"since": 3}).json()
    assert third["events"] == whole["events"][3:]


def test_events_of_a_run_under_way_are_not_the_last(api: APIClient, bare: Make) -> None:
    assert api.get(at(bare(Status.RUNNING), "events/")).json()["ended"] is False


def test_events_come_in_pages(
    api: APIClient, succeeded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.runs.selectors.EVENTS", 4)
    monkeypatch.setattr("projects.runs.selectors.events_since.__defaults__", (4,))
    page = api.get(at(succeeded, "events/")).json()
    assert (len(page["events"]), page["ended"], page["since"]) == (4, False, 4)


def test_cancel_works(api: APIClient, queued: Run) -> None:
    response = api.post(at(queued, "cancel/"))
    assert (response.status_code, response.json()["status"]) == (202, "cancelled")


def test_report_is_the_shape_that_every_task_keeps(api: APIClient, succeeded: Run) -> None:
    report = api.get(at(succeeded, "report/")).json()
    assert {"event", "task", "test_rows", "metrics", "baselines", "seconds"} <= report.keys()


@pytest.mark.parametrize("name", ["report/", "artifact/"])
def test_what_a_run_does_not_have_yet_is_a_conflict(api: APIClient, queued: Run, name: str) -> None:
    response = api.get(at(queued, name))
    assert (response.status_code, response.json()["code"]) == (409, "run.unfinished")


def test_artifact_is_the_zip(api: APIClient, succeeded: Run) -> None:
    assert b"".join(api.get(at(succeeded, "artifact/"))) == b"a zip"


def test_predict_works(api: APIClient, succeeded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    output = {"label": "no", "probability": 0.6, "probabilities": {"yes": 0.4, "no": 0.6}}
    monkeypatch.setattr(serving, "predict", lambda folder, inputs: [output for _one in inputs])
    body = {"inputs": [{"text": "a"}, {"text": "b"}]}
    response = api.post(at(succeeded, "predict/"), body, format="json")
    assert response.status_code == 200
    assert response.json() == {"outputs": [output, output]}


@pytest.mark.parametrize(
    ("inputs", "status", "code"),
    [
        ([], 422, "predict.inputs"),
        ([{"text": "a"}] * 65, 422, "predict.inputs"),
        ([{"text": ""}], 422, "predict.text"),
        ([{"text": "x" * 10_001}], 422, "predict.text"),
        ([{"words": "a"}], 400, "request.invalid"),
        ([{"text": "a", "candidates": ["b"]}], 422, "predict.no_search"),
        ([{"text": "a", "candidates": "b"}], 400, "request.invalid"),
        ([{"text": "a", "candidates": [1]}], 400, "request.invalid"),
        ([{"text": "a", "candidates": ["b"], "most": 0}], 400, "request.invalid"),
        ([{"text": "a", "candidates": ["b"], "most": True}], 400, "request.invalid"),
        ([{"candidates": ["b"]}], 400, "request.invalid"),
        ("a", 400, "request.invalid"),
    ],
)
def test_predict_names_what_is_wrong(
    api: APIClient, succeeded: Run, inputs: Any, status: int, code: str
) -> None:
    response = api.post(at(succeeded, "predict/"), {"inputs": inputs}, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("bad", ["a\\u0000b", "\\ud800"])
def test_predict_refuses_texts_that_are_none(api: APIClient, succeeded: Run, bad: str) -> None:
    body = '{"inputs": [{"text": "BAD"}]}'.replace("BAD", bad)
    response = api.post(at(succeeded, "predict/"), body, content_type="application/json")
    assert response.status_code in (400, 422)


def test_predict_without_the_serving_process(api: APIClient, succeeded: Run) -> None:
    response = api.post(at(succeeded, "predict/"), {"inputs": [{"text": "a"}]}, format="json")
    assert (response.status_code, response.json()["code"]) == (503, "serving.unavailable")


@pytest.mark.parametrize("name", ["", "events/", "report/", "artifact/"])
def test_it_checks_ownership(charlie_api: APIClient, succeeded: Run, name: str) -> None:
    assert charlie_api.get(at(succeeded, name)).status_code == 404


@pytest.mark.parametrize("name", ["cancel/", "predict/"])
def test_writes_check_ownership(charlie_api: APIClient, queued: Run, name: str) -> None:
    assert charlie_api.post(at(queued, name), {}, format="json").status_code == 404
    queued.refresh_from_db()
    assert queued.status == Status.QUEUED

"""What the page of a run shows and does for every kind of answers, over real fine-tunes with a tiny base."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from projects.runs import results, selectors
from projects.runs.models import Run

from .conftest import KINDS

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous"),
    pytest.mark.parametrize("kind", KINDS),
]
Make = Callable[[str], Run]
HTMX = {"HX-Request": "true"}


def url(name: str, run: Run, *more: str) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk, *more])


def text(response: Any) -> str:
    return b"".join(response).decode()


def given_by(run: Run) -> dict[str, str]:
    return results.examples(selectors.predictions_of(run))[0]


def test_the_page_has_its_view(alice_client: Client, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    page = text(alice_client.get(url("run", run)))
    assert results.view_of(selectors.result_of(run)).name == {"chat": "texts"}.get(kind, kind)
    for part in ("results", "try-form", "compared", "mistakes"):
        assert f'id="{part}"' in page
    for name in selectors.scored_by(run)[0]:
        assert f'data-figure="{name}"' in page


def test_its_charts_are_drawn(alice_client: Client, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    for name in results.view_of(selectors.result_of(run)).charts:
        for query in ({}, {"kind": "roc"}, {"labels": "all"}):
            figure = alice_client.get(url("run-chart", run, name), query).json()
            assert figure["data"], name
            assert figure["layout"]["height"]


def test_its_rows_are_listed(alice_client: Client, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    shown = results.context(selectors.result_of(run))
    for one, *_rest in [("",), *shown.get("filters", [])]:
        response = alice_client.get(url("run-mistakes", run), {"kind": one}, headers=HTMX)
        assert response.status_code == 200
    assert alice_client.get(url("run-mistakes", run)).status_code == 200


def test_test_rows_come_as_csv(alice_client: Client, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    table = list(csv.DictReader(io.StringIO(text(alice_client.get(url("run-predictions", run))))))
    assert len(table) == run.report["test_rows"]  # type: ignore[index]
    assert {"row", "label", "predicted", *selectors.result_of(run).inputs} <= table[0].keys()


def test_scores_come_as_csv(alice_client: Client, run_of: Make, kind: str) -> None:
    table = csv.DictReader(io.StringIO(text(alice_client.get(url("run-metrics", run_of(kind))))))
    assert {"model", "base"} & {row["model"] for row in table}


@pytest.mark.usefixtures("answering")
def test_an_example_gets_an_answer(alice_client: Client, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    given = given_by(run)
    if kind == "chat":
        given = {"form": "chat", "text": "Is it in stock?", "system": "Be short."}
    response = alice_client.post(url("run-try", run), given, headers=HTMX)
    assert response.status_code == 200
    assert "banner" not in text(response)
    assert alice_client.post(url("run-try", run), given).status_code == 200  # without JavaScript


@pytest.mark.usefixtures("answering")
def test_the_api_takes_its_inputs(api: APIClient, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    body = {"inputs": [given_by(run)] * 2}
    response = api.post(f"/api/v1/runs/{run.pk}/predict/", body, format="json")
    assert response.status_code == 200, response.content
    first, second = response.json()["outputs"]
    assert first == (pytest.approx(second) if kind == "scores" else second)


def test_an_input_that_is_missing_is_named(api: APIClient, run_of: Make, kind: str) -> None:
    run = run_of(kind)
    first = selectors.result_of(run).inputs[0]
    given = {role: value for role, value in given_by(run).items() if role != first}
    response = api.post(f"/api/v1/runs/{run.pk}/predict/", {"inputs": [given]}, format="json")
    assert (response.status_code, response.json()["code"]) == (400, "request.invalid")


def test_without_its_version_the_page_still_shows(
    alice_client: Client, run_of: Make, kind: str, home: Any
) -> None:
    run = run_of(kind)
    for path in (home / "versions").rglob("*.parquet"):
        path.unlink()
    assert alice_client.get(url("run", run)).status_code == 200
    assert alice_client.get(url("run-mistakes", run), headers=HTMX).status_code == 200
    assert json.dumps(alice_client.get(url("run-series", run)).json()["events"])

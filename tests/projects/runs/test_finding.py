"""The box that looks one text up in a list, and the scores of that, over real fine-tunes with a tiny base."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from projects.runs import finding, predicting, results, selectors
from projects.runs.models import Run

pytestmark = pytest.mark.django_db
Make = Callable[[str], Run]
TWO_TEXTS = pytest.mark.parametrize("kind", ["pairs", "scores"])
LIST = "How do I pay?\r\n\r\n  包裹在哪里？ \r\nHow do I pay?\r\nWhere is my order?"


def url(name: str, run: Run) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk])


@pytest.fixture
def asked(alice_client: Client, answering: None) -> Callable[..., str]:
    """`asked(run, list="a")`: what the box says, as a fragment of the page."""

    def ask(run: Run, **given: str) -> str:
        usual = {"form": "nearest", "text_a": "Where is my parcel?", "among": "list"}
        data, header = {**usual, **given}, {"HX-Request": "true"}
        response = alice_client.post(url("run-try", run), data, headers=header)
        assert response.status_code == 200
        return response.content.decode()

    return ask


def rows_of(page: str) -> int:
    return len(re.findall(r"<tr>", page.partition("<tbody>")[2]))


@TWO_TEXTS
def test_the_page_has_the_box_and_the_scores(alice_client: Client, run_of: Make, kind: str) -> None:
    page = alice_client.get(url("run", run_of(kind))).content.decode()
    assert 'id="nearest-form"' in page
    ranking = page.partition('id="ranking"')[2].partition("</table>")[0]
    assert "Recall@5" in ranking
    assert rows_of(ranking) == 1  # words alone; the model's own row stands out
    assert '<tr class="font-semibold">' in ranking


def test_other_tasks_have_neither(alice_client: Client, run_of: Make) -> None:
    page = alice_client.get(url("run", run_of("single"))).content.decode()
    assert 'id="nearest-form"' not in page
    assert 'id="ranking"' not in page


@TWO_TEXTS
def test_a_pasted_list_is_ranked(asked: Callable[..., str], run_of: Make, kind: str) -> None:
    page = asked(run_of(kind), list=LIST)
    assert rows_of(page) == 3
    assert "包裹在哪里？" in page
    assert "3 texts were searched" in page


def test_the_texts_of_the_data_are_searched(asked: Callable[..., str], run_of: Make) -> None:
    run = run_of("pairs")
    known = finding.box(run, selectors.result_of(run))["known"]
    assert 0 < known <= predicting.LIST
    page = asked(run, among="data", list="")
    assert rows_of(page) == min(known, predicting.NEAREST)
    assert f"{known} texts were searched" in page


def test_without_its_data_only_a_pasted_list_is_offered(
    alice_client: Client, run_of: Make, home: Path
) -> None:
    run = run_of("pairs")
    for path in (home / "versions").rglob("*.parquet"):
        path.unlink()
    page = alice_client.get(url("run", run)).content.decode()
    assert 'id="nearest-list"' in page
    assert 'name="among"' not in page


@pytest.mark.parametrize(
    "lines",
    ["", " \r\n ", "\r\n".join(map(str, range(501))), "x" * 100_001],
    ids=["none", "blank", "many", "long"],
)
def test_what_is_no_list_is_said(asked: Callable[..., str], run_of: Make, lines: str) -> None:
    assert "The list cannot be searched" in asked(run_of("pairs"), list=lines)


def test_a_text_has_to_be_given(asked: Callable[..., str], run_of: Make) -> None:
    assert "The text cannot be used" in asked(run_of("pairs"), list="a", text_a=" ")


def test_markup_in_a_list_stays_text(asked: Callable[..., str], run_of: Make) -> None:
    page = asked(run_of("pairs"), list="<b>bold</b>")
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


@pytest.mark.usefixtures("answering")
def test_without_javascript_it_is_a_page(alice_client: Client, run_of: Make) -> None:
    data = {"form": "nearest", "text_a": "Where is my parcel?", "list": LIST}
    response = alice_client.post(url("run-try", run_of("pairs")), data)
    assert response.status_code == 200
    assert "<html" in response.content.decode()


@TWO_TEXTS
@pytest.mark.usefixtures("answering")
def test_the_api_searches_a_list(api: APIClient, run_of: Make, kind: str) -> None:
    given: dict[str, Any] = {"text_a": "Where is it?", "candidates": ["here", "there"], "most": 1}
    at = f"/api/v1/runs/{run_of(kind).pk}/predict/"
    response = api.post(at, {"inputs": [given]}, format="json")
    assert response.status_code == 200, response.content
    (found,) = response.json()["outputs"][0]["nearest"]
    assert found["text"] == given["candidates"][found["place"]]
    assert ("probability" if kind == "pairs" else "score") in found


def test_scores_of_searching_come_as_csv(run_of: Make) -> None:
    table = results.metrics_csv(selectors.result_of(run_of("pairs")))
    assert "recall_at_5" in table

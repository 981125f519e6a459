"""The page of a run in every status, and its fragments."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from projects.datasets.models import DatasetVersion
from projects.jobs import health
from projects.models import Project
from projects.runs import charts, folders, lifecycle
from projects.runs.events import append
from projects.runs.models import Run, Status
from projects.serving import client as serving
from training import scoring

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous"),
]
Make = Callable[..., Run]
HTMX = {"HX-Request": "true"}


def url(name: str, run: Run, *more: str) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk, *more])


def text(response: Any) -> str:
    return b"".join(response).decode()


@pytest.mark.parametrize("status", [one for one in Status if one != Status.SUCCEEDED])
def test_it_works(alice_client: Client, bare: Make, status: str) -> None:
    run = bare(status, attempt=1)
    response = alice_client.get(url("run", run))
    assert response.status_code == 200
    assert "Run 1" in text(response)


def test_it_shows_the_results(alice_client: Client, succeeded: Run) -> None:
    page = text(alice_client.get(url("run", succeeded)))
    assert "Fine-tuning gained 25.0 points of accuracy over the simple baseline." in page
    assert "75.0 %" in page
    assert "artifact.zip" in page
    assert succeeded.artifact.sha256 in page


def test_it_shows_the_estimate_beside_what_it_took(alice_client: Client, succeeded: Run) -> None:
    succeeded.estimate = {"seconds": 65, "low": 50, "high": 90, "memory": 700_000_000}
    succeeded.total_seconds = 71
    succeeded.report["memory"] = 800_000_000
    succeeded.save()
    page = " ".join(text(alice_client.get(url("run", succeeded))).split())
    table = page.partition("What was estimated, and what it took")[2].partition("</table>")[0]
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", table)
    told = [re.sub(r"<[^>]+>", "", cell).replace("\xa0", " ") for cell in cells]
    assert told[1:] == [
        "Estimated", "In fact",
        "Time", "1 min 5 s (50 s – 1 min 30 s)", "1 min 11 s",
        "Memory", "667.6 MB", "762.9 MB",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["run", "run-status", "run-series", "run-cell", "run-mistakes"])
def test_it_checks_ownership(charlie_client: Client, succeeded: Run, name: str) -> None:
    assert charlie_client.get(url(name, succeeded)).status_code == 404


def test_it_is_not_found_below_another_project(alice_client: Client, succeeded: Run) -> None:
    workspace = succeeded.project.workspace
    other = Project.objects.create(workspace=workspace, name="Other", task=succeeded.project.task)
    there = reverse("run", args=[workspace.slug, other.pk, succeeded.pk])
    assert alice_client.get(there).status_code == 404


def test_it_says_that_no_worker_is_running(alice_client: Client, bare: Make) -> None:
    run = bare()
    assert "No worker is running" in text(alice_client.get(url("run", run)))
    health._beaten.clear()
    health.beat(health.CPU)
    assert "No worker is running" not in text(alice_client.get(url("run", run)))


def test_it_tells_what_was_ignored_of_the_data(alice_client: Client, succeeded: Run) -> None:
    left = {"name": "leak.near:test-train", "severity": "red", "by": "bob@example.org"}
    succeeded.data_state = {"gate": "green", "confirmed": False, "ignored": [left]}
    succeeded.save()
    page = text(alice_client.get(url("run", succeeded)))
    assert "The data at the start" in page
    assert "Texts that are almost the same in two splits · Test (also in Training)" in page
    assert "bob@example.org" in page


def test_a_problem_shows_cause_and_remedy(alice_client: Client, bare: Make) -> None:
    run = bare(Status.FAILED, problem={"code": "run.memory", "values": {}, "incident": "abcdefg"})
    page = text(alice_client.get(url("run", run)))
    assert "Choose a smaller base model" in page
    assert "abcdefg" in page


def test_a_failure_of_ours_shows_its_number_only(alice_client: Client, bare: Make) -> None:
    run = bare(Status.FAILED, problem={"incident": "abcdefg"})
    page = text(alice_client.get(url("run", run)))
    assert "Something failed on our side" in page
    assert "abcdefg" in page


def test_texts_of_users_are_escaped(alice_client: Client, succeeded: Run) -> None:
    succeeded.project.name = "<script>alert(1)</script>"
    succeeded.project.save()
    assert "<script>alert" not in text(alice_client.get(url("run", succeeded)))


# --- status -------------------------------------------------------------------------------------------------------


def test_status_of_a_running_run_asks_on(
    alice_client: Client, bare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.runs.views.worker_alive", lambda cluster: True)
    run = bare(Status.RUNNING, attempt=1, stage="training", progress=0.42, seconds_left=75.0)
    page = text(alice_client.get(url("run-status", run), headers=HTMX))
    assert "attune:tick" in page
    assert "42 % · 1 min 15 s left" in page
    assert 'id="outcome"' not in page


def test_status_of_an_ended_run_brings_the_results_and_stops_asking(
    alice_client: Client, succeeded: Run
) -> None:
    page = text(alice_client.get(url("run-status", succeeded), headers=HTMX))
    assert "attune:tick" not in page
    assert 'id="outcome"' in page
    assert "Fine-tuning gained" in page


# --- series -------------------------------------------------------------------------------------------------------


def test_series_gives_what_is_new(alice_client: Client, succeeded: Run) -> None:
    whole = alice_client.get(url("run-series", succeeded)).json()
    assert [event["kind"] for event in whole["events"]] == ["step", "step", "scored"]
    assert whole["events"][1]["data"]["loss"] is None
    assert (whole["ended"], whole["epochs"]) == (True, 1)
    news = alice_client.get(url("run-series", succeeded), {"since": whole["since"]}).json()
    assert (news["events"], news["since"]) == ([], whole["since"])


@pytest.mark.parametrize("since", ["", "-1", "x", "1e9", "9" * 30, "٣"])
def test_series_takes_nonsense_for_the_beginning(
    alice_client: Client, succeeded: Run, since: str
) -> None:
    assert (
        len(alice_client.get(url("run-series", succeeded), {"since": since}).json()["events"]) == 3
    )


def test_series_of_a_long_run_is_thinned_out(
    alice_client: Client, bare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.runs.selectors.POINTS", 10)
    run = bare(Status.RUNNING, attempt=1)
    lifecycle.move(run.pk, Status.STOPPING)
    append(run.pk, [("step", {"step": n, "epoch": n}) for n in range(100)] + [("scored", {})])
    found = alice_client.get(url("run-series", run)).json()
    assert 9 <= sum(event["kind"] == "step" for event in found["events"]) <= 11
    assert found["events"][-1]["kind"] == "scored"


# --- charts, cells, mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", ["labels", "confusion"])
def test_chart_is_a_figure(alice_client: Client, succeeded: Run, chart: str) -> None:
    figure = alice_client.get(url("run-chart", succeeded, chart)).json()
    assert {"data", "layout"} <= set(figure)


def test_many_labels_are_shown_by_parts(alice_client: Client, succeeded: Run) -> None:
    labels = [f"label_{number:02}" for number in range(charts.SHOWN + 5)]
    hits = list(range(len(labels)))
    missed = [(number + 1) % len(labels) for number in hits]
    metrics = scoring.classification(hits * 2, hits + missed, None, labels)
    report = succeeded.report | {"metrics": metrics}
    report["details"] = report["details"] | {"labels": labels}
    Run.objects.filter(pk=succeeded.pk).update(report=report)
    page = text(alice_client.get(url("run", succeeded)))
    assert all(part in page for part in ('data-filter="labels-table"', "data-chart-switch"))
    chart = url("run-chart", succeeded, "confusion")
    shown = alice_client.get(chart).json()["data"][0]["meta"]
    assert 1 < len(shown) <= charts.SHOWN
    assert alice_client.get(f"{chart}?labels=all").json()["data"][0]["meta"] == labels


def test_chart_of_another_name_is_not_found(alice_client: Client, succeeded: Run) -> None:
    assert alice_client.get(url("run-chart", succeeded, "pie")).status_code == 404


def test_chart_of_an_unfinished_run_is_a_conflict(alice_client: Client, bare: Make) -> None:
    assert alice_client.get(url("run-chart", bare(), "labels")).status_code == 409


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_cell_shows_its_rows(alice_client: Client, succeeded: Run, headers: dict[str, str]) -> None:
    asked = {"true": "yes", "predicted": "no"}
    page = text(alice_client.get(url("run-cell", succeeded), asked, headers=headers))
    assert "please do" in page
    assert "tickets.csv:3" in page
    assert "certainly" not in page


def test_mistakes_are_the_wrong_rows(alice_client: Client, succeeded: Run) -> None:
    page = text(alice_client.get(url("run-mistakes", succeeded), headers=HTMX))
    assert "please do" in page
    assert "of course not" not in page


# --- downloads ------------------------------------------------------------------------------------------------------


def test_predictions_are_every_test_row(alice_client: Client, succeeded: Run) -> None:
    response = alice_client.get(url("run-predictions", succeeded))
    rows = list(csv.DictReader(io.StringIO(text(response))))
    assert [row["predicted"] for row in rows] == ["no", "no", "no", "yes"]
    assert rows[0]["text"] == "=HYPERLINK(1)"
    assert 'filename="tickets-run-1-predictions.csv"' in response["Content-Disposition"]


def test_predictions_for_a_spreadsheet_hold_no_formula(
    alice_client: Client, succeeded: Run
) -> None:
    response = alice_client.get(url("run-predictions", succeeded), {"spreadsheet": "1"})
    assert next(csv.DictReader(io.StringIO(text(response))))["text"] == "'=HYPERLINK(1)"


def test_metrics_can_be_read_back(alice_client: Client, succeeded: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(text(alice_client.get(url("run-metrics", succeeded))))))
    assert {row["scope"] for row in rows if row["model"] == "model"} >= {
        "no",
        "yes",
        "macro average",
    }


def test_the_artifact_is_the_zip(alice_client: Client, succeeded: Run) -> None:
    response = alice_client.get(url("run-artifact", succeeded))
    assert b"".join(response) == b"a zip"
    assert response["ETag"] == f'"{succeeded.artifact.sha256}"'
    assert response["Content-Length"] == "5"


def test_an_artifact_that_is_gone_or_cut_short_is_not_sent(
    alice_client: Client, succeeded: Run
) -> None:
    path = folders.artifact_zip(succeeded.artifact)
    path.write_bytes(b"a")
    assert alice_client.get(url("run-artifact", succeeded)).status_code == 410
    path.unlink()
    assert alice_client.get(url("run-artifact", succeeded)).status_code == 410


@pytest.mark.parametrize("name", ["run-predictions", "run-metrics", "run-artifact"])
def test_viewers_take_nothing_away(vera_client: Client, succeeded: Run, name: str) -> None:
    assert vera_client.get(url(name, succeeded)).status_code == 403


# --- cancel ---------------------------------------------------------------------------------------------------------


def test_cancel_works(alice_client: Client, queued: Run) -> None:
    response = alice_client.post(url("run-cancel", queued))
    assert response.status_code == 302
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED


def test_cancel_rejects_get(alice_client: Client, queued: Run) -> None:
    assert alice_client.get(url("run-cancel", queued)).status_code == 405


def test_cancel_checks_ownership(charlie_client: Client, vera_client: Client, queued: Run) -> None:
    assert charlie_client.post(url("run-cancel", queued)).status_code == 404
    assert vera_client.post(url("run-cancel", queued)).status_code == 403
    queued.refresh_from_db()
    assert queued.status == Status.QUEUED


def test_cancel_through_htmx_answers_with_the_status(alice_client: Client, queued: Run) -> None:
    page = text(alice_client.post(url("run-cancel", queued), headers=HTMX))
    assert "This run was cancelled" in page


# --- try it ---------------------------------------------------------------------------------------------------------


def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []

    def predict(folder: Any, inputs: Any) -> list[dict[str, Any]]:
        asked.append((folder, inputs))
        shares = {"no": 0.2, "yes": 0.8}
        return [{"label": "yes", "probability": 0.8, "probabilities": shares} for _one in inputs]

    monkeypatch.setattr(serving, "predict", predict)
    return asked


def test_try_works(alice_client: Client, succeeded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch)
    page = text(alice_client.post(url("run-try", succeeded), {"text": " oh yes "}, headers=HTMX))
    assert "80.0 %" in page
    assert page.index("80.0 %") < page.index("20.0 %")
    assert asked == [(folders.artifact_folder(succeeded.artifact), [{"text": "oh yes"}])]


def test_try_without_script_is_a_page(
    alice_client: Client, succeeded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch)
    assert "<html" in text(alice_client.post(url("run-try", succeeded), {"text": "yes"}))


@pytest.mark.parametrize("typed", ["", "  ", "x" * 10_001, "a\x00b"])
def test_try_refuses_what_is_no_text(
    alice_client: Client, succeeded: Run, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    asked = answers(monkeypatch)
    response = alice_client.post(url("run-try", succeeded), {"text": typed}, headers=HTMX)
    assert "The text cannot be used" in text(response)
    assert not asked


def test_try_says_that_the_serving_process_is_down(alice_client: Client, succeeded: Run) -> None:
    page = text(alice_client.post(url("run-try", succeeded), {"text": "yes"}, headers=HTMX))
    assert "Predictions are not available right now" in page


def test_try_checks_ownership(charlie_client: Client, succeeded: Run) -> None:
    assert charlie_client.post(url("run-try", succeeded), {"text": "yes"}).status_code == 404


def test_the_live_figures_are_on_the_page_as_data(alice_client: Client, bare: Make) -> None:
    page = text(alice_client.get(url("run", bare())))
    data = page.split('<script id="live-figures" type="application/json">')[1].split("</script>")[0]
    assert set(json.loads(data)) == {"loss", "scores"}


def test_scores_on_other_rows_than_the_newest_version_has_are_marked(
    alice_client: Client, api: APIClient, succeeded: Run
) -> None:
    assert "Tested on other rows" not in text(alice_client.get(url("run", succeeded)))
    old = succeeded.version
    fields = {"name": "b.csv", "path": "b", "sha256": "1" * 64, "size": 3, "rows": 12}
    DatasetVersion.objects.create(project=old.project, number=2, test_hash="new", **fields)
    assert "Tested on other rows" in text(alice_client.get(url("run", succeeded)))
    assert api.get(f"/api/v1/runs/{succeeded.pk}/").json()["test_hash"] == old.test_hash

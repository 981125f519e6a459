"""A draft by one click, beside a fine-tune, and what its page shows."""

from __future__ import annotations

import copy
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from billing.models import Plan, Subscription
from projects.datasets import sweeping
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.portal.selectors import storage_used
from projects.runs import planning
from projects.runs import sweeping as runs_sweeping
from projects.runs.models import Artifact, Run, Status
from training.problems import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def urls(project: Project, version: DatasetVersion) -> dict[str, str]:
    ids = [project.workspace.slug, project.pk]
    found = {"version": reverse("version-draft", args=[*ids, version.pk])}
    return found | {"train": reverse("train", args=ids), "overview": reverse("project", args=ids)}


@pytest.fixture
def drafted(succeeded: Run) -> Run:
    """A run that has gone through the worker, as a draft leaves it."""
    succeeded.spec = succeeded.spec | {"effort": "draft", "settings": {"max_length": 64}}
    report = copy.deepcopy(succeeded.report or {})
    tried = [{"strength": 0.03, "macro_f1": 0.5, "accuracy": 0.75}]
    report["details"] |= {"effort": "draft", "draft": {"tried": tried, "read": 12}}
    report["seconds"]["predicting"] = 0.0093
    succeeded.report = report
    succeeded.save()
    return succeeded


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Problem) as found:
        yield
    assert found.value.code == code


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def of_run(name: str, run: Run) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk])


def test_it_works(alice_client: Client, urls: dict[str, str]) -> None:
    response = alice_client.post(urls["version"], {"start_key": "once"})
    run = Run.objects.get()
    assert response.url == of_run("run", run)
    assert (run.spec["effort"], run.spec["base"], run.status) == ("draft", "minilm-l6", "queued")
    alice_client.post(urls["version"], {"start_key": "once"})
    assert Run.objects.count() == 1


def test_it_does_not_wait_behind_training(
    start: Callable[..., Run], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start()
        start(effort="draft")
    assert list(OrmQ.objects.order_by("pk").values_list("key", flat=True)) == ["train-cpu", "draft"]
    assert "draft" in settings.QUEUE_CLUSTERS
    assert settings.Q_CLUSTER["ALT_CLUSTERS"]["draft"] == {"workers": 1}


def test_one_that_the_queue_has_forgotten_is_queued_where_it_was(
    start: Callable[..., Run], django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    start(effort="draft")
    monkeypatch.setattr(runs_sweeping, "FORGOTTEN", -runs_sweeping.FORGOTTEN)
    with django_capture_on_commit_callbacks(execute=True):
        assert runs_sweeping.kick() == 1
    assert runs_sweeping.kick() == 0
    assert OrmQ.objects.get().key == "draft"


def test_the_plan_counts_it(start: Callable[..., Run], project: Project) -> None:
    plan = Plan.objects.create(name="One", max_concurrent_runs=1)
    Subscription.objects.filter(workspace=project.workspace).update(plan=plan)
    start()
    waiting = start(effort="draft")
    assert (waiting.status, waiting.waits_for) == (Status.WAITING, "runs")


def test_red_data_is_confirmed_in_the_wizard(
    alice_client: Client, urls: dict[str, str], version: DatasetVersion
) -> None:
    version.gate = "red"
    version.save()
    response = alice_client.post(urls["version"])
    assert response.url.startswith(f"{urls['train']}?step=data")
    assert "effort=draft" in response.url
    assert not Run.objects.exists()


def test_the_button_is_where_the_data_is(
    alice_client: Client, urls: dict[str, str], project: Project
) -> None:
    assert f'action="{urls["version"]}"' in text(alice_client.get(urls["overview"]))
    Project.objects.filter(pk=project.pk).update(task="translation")
    assert f'action="{urls["version"]}"' not in text(alice_client.get(urls["overview"]))


def test_what_a_linear_model_cannot_answer_is_refused(
    start: Callable[..., Run], project: Project
) -> None:
    project.task = "question-answering"
    project.save()
    with refused("draft.task"):
        start(effort="draft", base="")


def test_the_wizard_offers_it_with_its_minutes(alice_client: Client, urls: dict[str, str]) -> None:
    page = text(alice_client.get(urls["train"], {"step": "model", "effort": "draft"}))
    chosen = re.search(r'<input[^>]*value="draft"[^>]*>', page)
    assert chosen
    assert "checked" in chosen[0]


def test_a_setting_that_it_does_not_know_is_named(
    alice_client: Client, urls: dict[str, str]
) -> None:
    given = {"step": "review", "effort": "draft", "set-epochs": "3"}
    response = alice_client.get(urls["train"], given)
    assert response.status_code == 422
    assert "“Epochs” is set, and would change nothing" in text(response)


def test_its_estimate_is_a_part_of_that_of_a_fine_tune(version: DatasetVersion) -> None:
    spec = planning.spec(version.project, base="minilm-l6", effort="draft", seed=1, settings={})
    found = planning.by_effort(version, spec)
    assert list(found) == ["draft", "quick", "balanced", "thorough"]
    assert found["draft"].seconds < found["quick"].seconds


def test_a_fine_tune_teaches_nothing_about_a_draft(bare: Callable[..., Run]) -> None:
    done = {"status": Status.SUCCEEDED, "estimated_seconds": 10.0, "estimate_factor": 1.0}
    for number in range(4):
        run = bare(**done, total_seconds=20.0 if number % 2 else 40.0)
        run.spec["effort"] = "draft" if number % 2 else "quick"
        run.save()
    found = [planning.learnt("minilm-l6", effort).factor for effort in ("draft", "quick")]
    assert found == [2.0, 4.0]


def test_its_page_says_what_it_is(alice_client: Client, drafted: Run) -> None:
    page = text(alice_client.get(of_run("run", drafted)))
    assert "This is a draft" in page
    assert "Your draft" in page
    assert "strength 0.03" in page
    assert f'action="{of_run("run-fine-tune", drafted)}"' in page
    for what_has_epochs in ('data-chart-live="loss"', "js/run.js", ">Epochs<"):
        assert what_has_epochs not in page


def test_a_fine_tune_is_one_click_away(alice_client: Client, drafted: Run) -> None:
    response = alice_client.post(of_run("run-fine-tune", drafted), {"start_key": "once"})
    run = Run.objects.exclude(pk=drafted.pk).get()
    assert response.url == of_run("run", run)
    assert (run.version, run.spec["effort"]) == (drafted.version, "balanced")
    assert run.spec["settings"] == {"max_length": 64}


@pytest.mark.parametrize("on", ["draft", "fine-tune"])
def test_both_stand_beside_one_another(
    alice_client: Client, drafted: Run, bare: Callable[..., Run], on: str
) -> None:
    assert 'id="beside"' not in text(alice_client.get(of_run("run", drafted)))
    report = copy.deepcopy(drafted.report or {})
    report["details"] |= {"effort": "balanced"}
    report["seconds"]["predicting"] = 0.0476
    tuned = bare(Status.SUCCEEDED, report=report, total_seconds=200.0, attempt=1)
    given = {"folder": "x", "zip_path": "x", "sha256": "0" * 64}
    Artifact.objects.create(run=tuned, size=90_000_000, verified=drafted.artifact.verified, **given)
    page = text(alice_client.get(of_run("run", drafted if on == "draft" else tuned)))
    card = page.partition('id="beside"')[2].partition("</table>")[0]
    for said in ("430 a second", "84 a second", "90 MB", f"Run {tuned.number}"):
        assert said in card


def kept(version: DatasetVersion, name: str, size: int = 500) -> Path:
    path = Path(settings.VERSIONS_DIR) / version.path
    folder = path.with_suffix(".vectors")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"x" * size)
    return folder / name


def test_vectors_count_as_storage(version: DatasetVersion) -> None:
    before = storage_used(version.project.workspace)
    kept(version, "a.safetensors")
    assert storage_used(version.project.workspace) == before + 500


def test_vectors_that_nobody_asks_for_go(version: DatasetVersion) -> None:
    old, young, part = (
        kept(version, name) for name in ("a.safetensors", "b.safetensors", ".c.part")
    )
    for path in (old, part):
        os.utime(path, (time.time() - sweeping.UNASKED - 10,) * 2)
    sweeping.sweep()
    assert [path.exists() for path in (old, young, part)] == [False, True, False]

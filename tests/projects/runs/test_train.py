"""The wizard: what each step shows, and that a fault leads back to the step where it is mended."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Plan, Subscription
from projects.datasets.models import DatasetVersion, HealthReport
from projects.models import Project
from projects.runs.models import Run
from projects.runs.names import GROUPS
from training.options import OPTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture
def train(project: Project) -> str:
    return reverse("train", args=[project.workspace.slug, project.pk])


@pytest.fixture
def chosen(version: DatasetVersion) -> dict[str, str]:
    return {"step": "review", "version": str(version.pk), "base": "minilm-l6", "effort": "quick"}


def text(response: Any) -> str:
    return b"".join(response).decode()


def step_of(page: str) -> str:
    found = re.search(
        r'aria-current="step">.*?font-semibold">([^<]+)</span>\s*</li>', page, re.DOTALL
    )
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("step", "title"), [("data", "Data"), ("model", "Model and effort"), ("review", "Review")]
)
def test_it_works(
    alice_client: Client, train: str, chosen: dict[str, str], step: str, title: str
) -> None:
    response = alice_client.get(train, {**chosen, "step": step})
    assert response.status_code == 200
    assert step_of(text(response)) == title


def test_without_data_it_says_so(alice_client: Client, train: str) -> None:
    assert "There is no data to train with yet" in text(alice_client.get(train))


def test_it_starts_with_the_newest_version(
    alice_client: Client, train: str, version: DatasetVersion
) -> None:
    version.pk, version.number, version.source = uuid4(), 2, None
    version.save(force_insert=True)
    page = text(alice_client.get(train))
    assert f'value="{version.pk}" checked' in page


def test_bases_that_are_not_here_cannot_be_chosen(
    alice_client: Client, train: str, chosen: dict[str, str]
) -> None:
    page = text(alice_client.get(train, {**chosen, "step": "model"}))
    assert re.search(r'value="minilm-l6" checked', page)
    assert re.search(r'value="bert-base-uncased" disabled', page)


def test_every_setting_has_a_field_with_its_bounds(
    alice_client: Client, train: str, chosen: dict[str, str]
) -> None:
    page = text(alice_client.get(train, {**chosen, "step": "model"}))
    for name, option in OPTIONS.items():
        # What only a model that writes has is not asked of one that sorts texts.
        assert (f'name="set-{name}"' in page) == option.fits("sequence")
    assert "1 to 50." in page


def test_every_setting_stands_under_one_heading() -> None:
    named = [name for _, names in GROUPS for name in names]
    assert sorted(named) == sorted([*OPTIONS, "seed"])


def test_only_the_scores_of_the_task_are_offered_to_stop_by(
    alice_client: Client, train: str, chosen: dict[str, str]
) -> None:
    page = text(alice_client.get(train, {**chosen, "step": "model"}))
    offered = re.search(r'<select name="set-stop_metric".*?</select>', page, re.DOTALL)
    assert offered
    values = re.findall(r'value="(\w*)"', offered[0])
    assert values == ["", "auto", "loss", "accuracy", "macro_f1"]


def test_post_starts_a_run(alice_client: Client, train: str, chosen: dict[str, str]) -> None:
    response = alice_client.post(train, {**chosen, "seed": "7", "set-epochs": "2"})
    run = Run.objects.get()
    assert response.status_code == 302
    assert response["Location"].endswith(f"/runs/{run.pk}/")
    assert (run.spec["seed"], run.spec["settings"]) == (7, {"epochs": 2})


def test_a_double_click_is_one_run(
    alice_client: Client, train: str, chosen: dict[str, str]
) -> None:
    page = text(alice_client.get(train, chosen))
    key = re.search(r'name="start_key" value="([^"]+)"', page)
    assert key
    for _click in range(2):
        alice_client.post(train, {**chosen, "start_key": key[1]})
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "step", "told"),
    [
        ({"version": str(uuid4())}, "Data", "Choose a version of the data"),
        ({"version": "nonsense"}, "Data", "Choose a version of the data"),
        ({"base": "nonsense"}, "Model and effort", "Unknown base model"),
        ({"base": "bert-base-uncased"}, "Model and effort", "The base model is not here"),
        ({"effort": "heroic"}, "Model and effort", "Not one of the choices"),
        ({"seed": "minus"}, "Model and effort", "Out of range"),
        ({"set-epochs": "1000"}, "Model and effort", "Out of range"),
        ({"set-learning_rate": "nan"}, "Model and effort", "Out of range"),
        (
            {"set-method": "lora", "set-trained": "top"},
            "Model and effort",
            "Two settings do not go together",
        ),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_fault_leads_back_to_its_step(
    alice_client: Client,
    train: str,
    chosen: dict[str, str],
    method: str,
    given: dict[str, str],
    step: str,
    told: str,
) -> None:
    response = getattr(alice_client, method)(train, {**chosen, **given})
    page = text(response)
    assert response.status_code == 422
    assert step_of(page) == step
    assert told in page
    assert not Run.objects.exists()


def test_a_red_gate_asks_for_a_tick(
    alice_client: Client, train: str, chosen: dict[str, str], version: DatasetVersion
) -> None:
    version.gate = "red"
    version.save()
    page = text(alice_client.post(train, chosen))
    assert step_of(page) == "Data"
    assert 'name="confirmed"' in page
    assert alice_client.post(train, {**chosen, "confirmed": "yes"}).status_code == 302


def test_what_is_ignored_asks_for_no_tick(
    alice_client: Client, train: str, chosen: dict[str, str], version: DatasetVersion
) -> None:
    leak = {"code": "leak.near", "severity": "red", "count": 3, "places": []}
    leak["values"] = {"split": "test", "other": "train", "share": 3}
    report = HealthReport.objects.create(version=version, base="x", findings=[leak])
    page = text(alice_client.get(train, {**chosen, "step": "data"}))
    assert "Texts that are almost the same in two splits" in page
    assert 'name="confirmed"' in page
    report.ignored = [
        {"name": "leak.near:test-train", "by": "alice@example.org", "at": "2026-01-02"}
    ]
    report.save()
    assert 'name="confirmed"' not in text(alice_client.get(train, {**chosen, "step": "data"}))
    assert alice_client.post(train, chosen).status_code == 302


def test_beyond_the_places_of_the_plan_a_run_waits(
    alice_client: Client, train: str, chosen: dict[str, str], project: Project
) -> None:
    plan = Plan.objects.create(slug="tight", name="Tight", max_concurrent_runs=1)
    Subscription.objects.update_or_create(workspace=project.workspace, defaults={"plan": plan})
    alice_client.post(train, chosen)
    response = alice_client.post(train, chosen, follow=True)
    assert "it starts when another run of this workspace has ended" in text(response)
    assert [run.status for run in Run.objects.order_by("number")] == ["queued", "waiting"]


def test_the_review_shows_what_is_left(
    alice_client: Client, train: str, chosen: dict[str, str], project: Project
) -> None:
    plan = Plan.objects.create(slug="tight", name="Tight", max_training_minutes=90)
    Subscription.objects.update_or_create(workspace=project.workspace, defaults={"plan": plan})
    assert "of your 90 minutes" in text(alice_client.get(train, chosen))


def test_the_review_tells_time_memory_and_cost(
    alice_client: Client, train: str, chosen: dict[str, str]
) -> None:
    page = text(alice_client.get(train, chosen))
    assert "Cost in plan" in page
    assert re.search(r"This run costs about \d+ minutes?; your plan has no limit", page)
    assert re.search(r"Memory.*about [\d.]+.(MB|GB)", page, re.DOTALL)


def test_one_device_leaves_nothing_to_choose(
    alice_client: Client, train: str, chosen: dict[str, str], settings: Any
) -> None:
    step = {**chosen, "step": "model"}
    page = alice_client.get(train, step)
    assert page.context["advanced"].fields["set-devices"].disabled
    assert "This machine has one device to train on." in text(page)
    settings.GPUS = ["0", "1"]
    assert not alice_client.get(train, step).context["advanced"].fields["set-devices"].disabled
    response = alice_client.post(train, {**chosen, "set-devices": "3"})
    assert response.status_code == 422
    assert "At most 2 devices" in text(response)


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, train: str, chosen: dict[str, str]
) -> None:
    for method in ("get", "post"):
        assert getattr(charlie_client, method)(train, chosen).status_code == 404
        assert getattr(vera_client, method)(train, chosen).status_code == 403
    assert not Run.objects.exists()


def test_another_projects_data_cannot_be_named(
    alice_client: Client, train: str, chosen: dict[str, str], project: Project
) -> None:
    other = Project.objects.create(workspace=project.workspace, name="Other", task=project.task)
    there = reverse("train", args=[project.workspace.slug, other.pk])
    alice_client.post(there, chosen)
    assert not Run.objects.exists()


def test_how_two_texts_are_read_is_asked_of_two_texts_alone(
    alice_client: Client, train: str, chosen: dict[str, str], version: DatasetVersion
) -> None:
    asked = {**chosen, "step": "model", "set-matching": "bi"}
    assert 'id="readings"' not in text(alice_client.get(train, asked))
    version.project.task, version.variant = "text-matching", "label"
    version.project.save()
    version.save()
    page = text(alice_client.get(train, asked))
    assert re.search(r'name="set-matching" value="bi" checked', page)
    assert "Each read by itself" in text(alice_client.get(train, {**asked, "step": "review"}))


def test_of_more_than_two_labels_texts_are_read_together(
    alice_client: Client, train: str, chosen: dict[str, str], version: DatasetVersion
) -> None:
    version.project.task, version.variant = "text-matching", "label"
    version.labels = {name: {} for name in "abc"}
    version.project.save()
    version.save()
    page = text(alice_client.get(train, {**chosen, "step": "model"}))
    assert re.search(r'name="set-matching" value="bi" disabled', page)

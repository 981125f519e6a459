"""How a model that writes will read the rows, shown in the wizard before a run is started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import prompting
from training.problems import Problem

pytestmark = pytest.mark.django_db
FOUND = {
    "event": "preview",
    "template": "Translate: {source}",
    "max_length": 512,
    "rows": [
        {
            "tokens": 12,
            "loss": 3,
            "cut": True,
            "parts": [{"text": "Hello <b>", "loss": False}, {"text": "你好", "loss": True}],
        }
    ],
}


@pytest.fixture
def writes(project: Project, version: DatasetVersion) -> Project:
    """A project whose models write."""
    Project.objects.filter(pk=project.pk).update(task="translation")
    DatasetVersion.objects.filter(pk=version.pk).update(variant="pairs")
    project.refresh_from_db()
    return project


class FakeChild:
    returncode, stderr = 0, ""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events

    def lines(self, timeout: float) -> Iterator[dict[str, Any] | None]:
        yield None
        yield from self.events

    def stop(self, grace: float) -> None:
        pass


def url(project: Project) -> str:
    return reverse("train-preview", args=[project.workspace.slug, project.pk])


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[Any]:
    """What was launched; the child says FOUND."""
    launched: list[Any] = []

    def launch(args: list[str], folder: Any, **_how: Any) -> FakeChild:
        launched.append((args, (folder / "spec.json").read_text(encoding="utf-8")))
        return FakeChild([FOUND])

    monkeypatch.setattr(prompting, "launch", launch)
    monkeypatch.setattr(prompting.catalogue, "locate", lambda base, folder: tmp_path / base)
    return launched


def test_it_works(alice_client: Client, writes: Project, child: list[Any]) -> None:
    given = {"base": "smollm2-135m-instruct", "prompt": "Translate: {source}"}
    page = alice_client.get(url(writes), given).content.decode()
    assert "Hello &lt;b&gt;" in page
    assert '<mark class="token-loss">你好</mark>' in page
    assert "12 tokens of at most 512, 3 of them are learnt." in page
    assert "too long" in page
    ((args, spec),) = child
    assert args[0] == "preview"
    assert "Translate: {source}" in spec


def test_what_is_wrong_with_the_prompt_is_told(
    alice_client: Client, writes: Project, child: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Problem("prompt.field", field="text", known="{source}")
    told = {"event": "problem", "code": problem.code, "values": problem.values}
    monkeypatch.setattr(prompting, "launch", lambda args, **_how: FakeChild([told]))
    page = alice_client.get(url(writes), {"base": "smollm2-135m-instruct"}).content.decode()
    assert "The prompt does not fit the data" in page


def test_the_wizard_asks_for_a_prompt(alice_client: Client, writes: Project) -> None:
    train = reverse("train", args=[writes.workspace.slug, writes.pk])
    page = alice_client.get(train, {"step": "model", "prompt": "A {source}"}).content.decode()
    assert 'name="prompt"' in page
    assert "A {source}" in page
    assert 'name="set-rank"' in page
    assert 'name="set-class_weights"' not in page


def test_there_is_none_for_models_that_do_not_write(
    alice_client: Client, project: Project, version: DatasetVersion
) -> None:
    assert alice_client.get(url(project)).status_code == 404

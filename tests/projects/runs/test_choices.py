"""Which base models the wizard offers for a task and its data, and why it does not offer the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from projects.datasets.models import DatasetVersion
from projects.runs import planning
from projects.runs.forms import default_base
from training import catalogue
from training.problems import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _with_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: f"/usr/bin/{name}")


def reasons(task: str, *more: Any) -> dict[str, str]:
    return {choice.base.id: choice.reason for choice in planning.choices(task, *more)}


def chinese(version: DatasetVersion) -> DatasetVersion:
    version.stats = {**version.stats, "scripts": {"cjk": 0.9, "latin": 0.1}}
    return version


def test_what_can_be_chosen_comes_first(version: DatasetVersion) -> None:
    found = planning.choices("text-classification", version)
    assert found[0].base.id == "minilm-l6"
    available = [choice.available for choice in found]
    assert available == sorted(available, reverse=True)
    assert len(found) == len(catalogue.BASES)
    assert all(choice.why for choice in found if not choice.available)


def test_the_kind_has_to_suit_the_task() -> None:
    assert reasons("text-classification")["smollm2-135m-instruct"] == "base.kind"
    assert reasons("dialogue")["minilm-l6"] == "base.kind"
    assert reasons("dialogue")["smollm2-135m-instruct"] == ""


def test_the_variant_decides_for_questions_and_answers() -> None:
    extractive = reasons("question-answering", None, "extractive")
    generative = reasons("question-answering", None, "generative")
    assert (extractive["minilm-l6"], extractive["smollm2-135m-instruct"]) == ("", "base.kind")
    assert (generative["minilm-l6"], generative["smollm2-135m-instruct"]) == ("base.kind", "")


def test_chinese_texts_are_offered_chinese_bases(version: DatasetVersion) -> None:
    found = reasons("text-classification", chinese(version))
    assert found["bge-small-zh-v1.5"] == ""
    assert found["minilm-l6"] == "base.unread"
    assert default_base("text-classification", chinese(version)) == "bge-small-zh-v1.5"


def test_where_none_was_made_for_the_language_all_may_try(
    version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "language_of", lambda version: "fi")
    assert reasons("text-classification", version)["minilm-l6"] == ""


def test_what_is_not_here_and_may_not_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_INSTALL", "0")
    assert reasons("dialogue")["smollm2-135m-instruct"] == "base.missing"
    assert reasons("text-classification")["bert-base-uncased"] == "base.missing"


def test_a_missing_client_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: None)
    assert reasons("text-classification")["bge-small-zh-v1.5"] == "base.client"


def test_what_the_machine_has_no_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(total=catalogue.find("minilm-l6").memory)
    monkeypatch.setattr(planning.psutil, "virtual_memory", lambda: small)
    found = reasons("text-classification")
    assert (found["minilm-l6"], found["all-mpnet-base-v2"]) == ("", "base.memory")


def test_the_api_refuses_what_the_wizard_does_not_offer(
    version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning.psutil, "virtual_memory", lambda: SimpleNamespace(total=10**6))
    spec = planning.spec(version.project, base="minilm-l6", effort="quick", seed=1, settings={})
    with pytest.raises(Problem) as caught:
        planning.check_base(spec)
    assert caught.value.code == "base.memory"

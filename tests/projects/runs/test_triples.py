"""Relations in a text in which nothing is marked, with a model of entities that finds the things."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from projects.models import Project
from projects.runs import predicting, triples
from projects.runs.models import Run, Status
from training.problems import Problem

pytestmark = pytest.mark.django_db
TEXT = "Ann runs Acme in Rome"
THINGS = [
    {"start": 0, "end": 3, "label": "person", "text": "Ann", "probability": 0.9},
    {"start": 9, "end": 13, "label": "firm", "text": "Acme", "probability": 0.8},
    {"start": 17, "end": 21, "label": "city", "text": "Rome", "probability": 0.7},
]


@pytest.fixture
def finder(queued: Run, project: Project) -> Run:
    """A finished model of entities in the same workspace."""
    other = Project.objects.create(
        workspace=project.workspace, name="Names", task="ner", created_by=project.created_by
    )
    return Run.objects.create(
        project=other,
        version=queued.version,
        number=1,
        start_key=uuid4().hex,
        spec=queued.spec,
        status=Status.SUCCEEDED,
        created_by=queued.created_by,
    )


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, finder: Run) -> list[Any]:
    """What the model of relations was asked; only Ann runs something."""
    asked: list[Any] = []

    def predict(run: Run, inputs: list[dict[str, str]]) -> list[dict[str, Any]]:
        if run.pk == finder.pk:
            return [{"entities": THINGS}]
        asked.extend(inputs)
        runs = {("0", "9"): "Runs", ("0", "17"): "Other"}
        return [
            {"label": runs.get((one["head_start"], one["tail_start"]), "Other"), "probability": 0.6}
            for one in inputs
        ]

    monkeypatch.setattr(predicting, "predict", predict)
    return asked


def test_every_pair_is_asked_in_both_directions(
    queued: Run, finder: Run, answers: list[Any]
) -> None:
    found = triples.of_text(queued, finder, TEXT)
    assert len(answers) == 6
    assert answers[0] == {
        "text": TEXT, "head_start": "0", "head_end": "3", "tail_start": "9", "tail_end": "13",
    }  # fmt: skip
    (one,) = found["triples"]
    assert (one["head"]["text"], one["label"], one["tail"]["text"]) == ("Ann", "Runs", "Acme")
    assert found["left"] == 0


def test_only_the_surest_things_are_paired(
    queued: Run, finder: Run, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triples, "THINGS", 2)
    assert triples.of_text(queued, finder, TEXT)["left"] == 1
    assert len(answers) == 2


def test_one_thing_has_no_relations(
    queued: Run, finder: Run, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "THINGS", THINGS[:1])
    assert triples.of_text(queued, finder, TEXT)["triples"] == []
    assert not answers


def test_models_of_the_workspace_can_be_chosen(queued: Run, finder: Run) -> None:
    assert list(triples.finders(queued)) == [finder]
    assert triples.chosen(queued, str(finder.pk)) == finder


@pytest.mark.parametrize("which", ["nonsense", str(UUID(int=7))])
def test_another_model_is_refused(queued: Run, finder: Run, which: str) -> None:
    with pytest.raises(Problem) as caught:
        triples.chosen(queued, which)
    assert caught.value.code == "run.finder"


def test_a_model_of_another_workspace_is_not_there(
    queued: Run, finder: Run, charlie: Any, charlies_workspace: Any
) -> None:
    strange = Project.objects.create(
        workspace=charlies_workspace, name="Names", task="ner", created_by=charlie
    )
    Run.objects.filter(pk=finder.pk).update(project=strange)
    with pytest.raises(Problem):
        triples.chosen(queued, str(finder.pk))

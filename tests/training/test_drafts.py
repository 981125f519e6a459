"""A draft: a linear model over the base as it is, a model of its own like any other."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.training import test_fit_tasks as tasks
from tests.training.conftest import quick, rows_of, write_csv
from training import draft as drafts
from training import health, inference, vectors, version
from training.events import Report, Scored, Started, Step
from training.fit import fit
from training.options import OPTIONS
from training.problems import Problem
from training.spec import Spec, from_dict


@pytest.fixture(scope="module")
def stored(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version of the finished run, by itself in a folder."""
    path = tmp_path_factory.mktemp("data") / "version.parquet"
    shutil.copyfile(fitted / "version.parquet", path)
    return path


def draft_of(stored: Path, base: Path, **settings: Any) -> Spec:
    given = {"version": str(stored), "base_folder": str(base), "settings": settings}
    return from_dict({"task": "text-classification", "effort": "draft", **given})


@pytest.fixture(scope="module")
def draft(
    stored: Path, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Any]]:
    """(folder, events) of one."""
    folder = tmp_path_factory.mktemp("draft")
    return folder, list(fit(draft_of(stored, tiny_base), folder))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pieces the base has read, each time."""
    counts: list[int] = []
    run = vectors.core.run

    def counted(network: Any, pieces: Any, output: str = "forward", watch: Any = None) -> Any:
        if output == "vectors":
            counts.append(len(pieces))
        return run(network, pieces, output, watch)

    monkeypatch.setattr(vectors.core, "run", counted)
    return counts


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Problem) as found:
        yield
    assert found.value.code == code


def report_of(events: list[Any]) -> Report:
    assert isinstance(events[-1], Report)
    return events[-1]


def test_it_works(draft: tuple[Path, list[Any]]) -> None:
    folder, events = draft
    report = report_of(events)
    assert report.metrics["accuracy"] > report.baselines["majority"]["accuracy"]
    assert set(report.baselines) == {"majority", "tfidf"}
    assert report.details["effort"] == "draft"
    found = inference.verify(folder)
    assert (found.labels_equal, found.max_difference < 1e-5) == (True, True)


def test_it_takes_no_step(draft: tuple[Path, list[Any]]) -> None:
    _folder, events = draft
    started = next(event for event in events if isinstance(event, Started))
    assert (started.steps, started.epochs) == (0, 0)
    assert not any(isinstance(event, Step) for event in events)
    assert [event.epoch for event in events if isinstance(event, Scored)] == [0]
    assert report_of(events).details["epochs_run"] == 0


def test_the_strength_is_the_best_on_the_validation_rows(draft: tuple[Path, list[Any]]) -> None:
    tried = report_of(draft[1]).details["draft"]["tried"]
    scored = next(event for event in draft[1] if isinstance(event, Scored))
    assert max(one["macro_f1"] for one in tried) == scored.metrics["macro_f1"]
    assert [one["strength"] for one in tried] == sorted({one["strength"] for one in tried})


def test_it_is_smaller_than_a_fine_tune(draft: tuple[Path, list[Any]], fitted: Path) -> None:
    weights = "artifact/model.safetensors"
    assert (draft[0] / weights).stat().st_size < 0.6 * (fitted / weights).stat().st_size


def test_the_same_spec_gives_the_same_draft(
    draft: tuple[Path, list[Any]], stored: Path, tiny_base: Path, tmp_path: Path
) -> None:
    """With the vectors of the first, and without."""
    bare = shutil.copyfile(stored, tmp_path / "bare.parquet")
    heads = [(draft[0] / "artifact/head.safetensors").read_bytes()]
    for number, path in enumerate((stored, bare)):
        list(fit(draft_of(path, tiny_base), tmp_path / str(number)))
        heads.append((tmp_path / str(number) / "artifact/head.safetensors").read_bytes())
    assert len(set(heads)) == 1


@pytest.mark.usefixtures("draft")
def test_nothing_is_read_twice(
    stored: Path, tiny_base: Path, tmp_path: Path, read: list[int]
) -> None:
    """Neither by a second draft, nor by the fine-tune, nor by the search for wrong labels."""
    events = list(fit(draft_of(stored, tiny_base), tmp_path / "draft"))
    assert report_of(events).details["draft"]["read"] == 0
    given = {"version": str(stored), "base_folder": str(tiny_base), "effort": "quick"}
    own = {"trained": "head_only", "epochs": 1}
    list(fit(from_dict({"task": "text-classification", **given, "settings": own}), tmp_path / "f"))
    rows = list(version.read(stored))
    texts, labels = ([row.values[role] for row in rows] for role in ("text", "label"))
    list(health.suspects(texts, labels, tiny_base, version=stored))
    assert read == []


def test_labelling_in_rounds_reads_each_text_once(
    draft: tuple[Path, list[Any]],
    fitted: Path,
    tmp_path: Path,
    read: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next draft of the same base knows the texts that the one before it was asked about."""
    monkeypatch.setattr(vectors, "GROWN", 1)
    inputs = [{"text": text} for text, _label in rows_of(12, seed=9)]
    plain = inference.load(draft[0]).predict(inputs)
    for _round in range(2):
        predictor = inference.load(draft[0])
        found = predictor.predict(inputs, inference.store_of(predictor.model, tmp_path / "pool"))
        for answer, other in zip(found, plain, strict=True):
            assert answer["label"] == other["label"]
            assert answer["probability"] == pytest.approx(other["probability"], abs=1e-4)
    assert read == [12]
    assert inference.store_of(inference.load(fitted).model, tmp_path / "pool") is None


# Bounds of each are tested with the options themselves.
@pytest.mark.parametrize("name", sorted(set(OPTIONS) - set(drafts.SETTINGS)))
def test_a_setting_without_a_meaning_is_refused(name: str) -> None:
    option = OPTIONS[name]
    value = option.choices[0] if option.choices else option.high or True
    with pytest.raises(Problem) as found:
        from_dict({"task": "ner", "effort": "draft", "settings": {name: value}})
    assert (found.value.code, found.value.values["field"]) == ("draft.setting", name)


def test_a_search_is_refused() -> None:
    with refused("draft.setting"):
        from_dict({"task": "ner", "effort": "draft", "search": {"trials": 5}})


def test_a_setting_that_was_added_later_is_refused_by_the_draft_itself(
    tiny_base: Path, stored: Path, tmp_path: Path
) -> None:
    spec = draft_of(stored, tiny_base).with_settings(epochs=3)
    with refused("draft.setting"):
        list(fit(spec, tmp_path))


def made(variant: str, base: Path, folder: Path, count: int = 90, **more: Any) -> list[Any]:
    """The events of a draft of data as test_fit_tasks makes it."""
    task = next(name for name, other in tasks.MADE if other == variant)
    rows = list(islice(tasks.MADE[task, variant](random.Random(1)), count))
    train = tasks.write(folder / "train.csv", rows)
    columns = {role: role for role in rows[0]}
    given = {"task": task, "train": str(train), "columns": columns, "base_folder": str(base)}
    return list(fit(from_dict({**given, "effort": "draft", **more}), folder))


@pytest.mark.parametrize(
    ("variant", "head", "least"),
    [
        ("multi", "sequence", {"micro_f1": 0.6}),
        ("label", "pair", {}),
        ("score", "pair", {}),
        ("spans", "token", {"micro_f1": 0.5}),
        ("markers", "relation", {"accuracy": 0.8}),
    ],
)
def test_every_answer_that_a_linear_model_can_give(
    variant: str, head: str, least: dict[str, float], tiny_base: Path, tmp_path: Path
) -> None:
    report = report_of(made(variant, tiny_base, tmp_path))
    figures = report.details["history"][0]
    assert report.details["head"] == head
    assert {name: figures[name] >= low for name, low in least.items()} == dict.fromkeys(least, True)
    assert inference.verify(tmp_path).labels_equal


def test_two_texts_are_read_together_where_that_is_wanted(tiny_base: Path, tmp_path: Path) -> None:
    events = made("label", tiny_base, tmp_path, settings={"matching": "cross"})
    assert report_of(events).details["head"] == "sequence"


def test_answers_that_have_to_be_pointed_out_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    with refused("draft.task"):
        made("extractive", tiny_base, tmp_path)


def test_rows_of_rare_labels_can_count_more(tiny_base: Path, tmp_path: Path) -> None:
    rows = [row for row in rows_of(200) if row[1] != "login"][:90] + [
        row for row in rows_of(200) if row[1] == "login"
    ][:12]
    table, heads = write_csv(tmp_path / "rare.csv", rows), set()
    for weights in (False, True):
        own = {"effort": "draft", "settings": {"class_weights": weights}}
        spec = from_dict({**quick(tiny_base, table).as_dict(), **own})
        list(fit(spec, tmp_path / str(weights)))
        heads.add((tmp_path / str(weights) / "artifact/head.safetensors").read_bytes())
    assert len(heads) == 2

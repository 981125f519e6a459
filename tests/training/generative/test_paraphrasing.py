"""Training texts that were translated there and back are read in place of the texts, half of the time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import augment, pivots
from training.events import Note, last_of
from training.fit import fit, paraphrasing
from training.problems import Problem
from training.spec import Spec

TEXTS = ["The cat sat on the mat.", "", "Please answer the question.", "A dog lay at the door."]


@pytest.fixture
def translators(marian_base: Path, tmp_path: Path) -> Callable[..., Path]:
    """A folder of bases in which such translators stand."""

    def make(*ways: str) -> Path:
        entries = [
            {
                "id": way,
                "title": way,
                "languages": way.split("-"),
                "licence": "MIT",
                "parameters": 1,
                "size": 1,
                "source": {"folder": {"path": str(marian_base)}},
                "kind": "seq2seq",
                "only": ["translation"],
            }
            for way in ways
        ]
        folder = tmp_path / "bases"
        folder.mkdir()
        (folder / "bases.json").write_text(json.dumps({"bases": entries}))
        return folder

    return make


def test_a_pair_goes_there_and_back(translators: Callable[..., Path]) -> None:
    bases = translators("de-en", "en-fr", "fr-en")
    there, back = pivots.chosen({"en": 0.9, "und": 0.1}, bases)
    assert (there.id, back.id) == ("en-fr", "fr-en")
    assert set(pivots.pairs(bases)) == {"en", "fr"}


def test_without_a_way_back_it_says_what_is_here(translators: Callable[..., Path]) -> None:
    with pytest.raises(Problem) as caught:
        pivots.chosen({"en": 1.0}, translators("en-fr", "de-en"))
    assert caught.value.code == "train.no_way_back"
    assert caught.value.values == {"language": "en", "here": "en-fr, de-en"}


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny translators have learnt nothing: these turn the words around, and lose the first one on the way back."""

    def translated(texts: Any, base: Any, bases_dir: Any, begin: float) -> Any:
        yield begin
        lost = int(base.languages[1] == "en")
        return [" ".join(text.split()[::-1][lost:]) for text in texts]

    monkeypatch.setattr("training.validation.language.mix", lambda texts: {"en": 1.0})
    monkeypatch.setattr(paraphrasing, "_translated", translated)


def test_texts_go_there_and_back(translators: Callable[..., Path], backwards: None) -> None:
    bases = translators("en-xx", "xx-en")
    found = last_of(paraphrasing.said_otherwise(["The cat sat down", "", "one two"], bases))
    assert found == ["cat sat down", "", "two"]


def test_a_translator_says_the_same_of_the_same(translators: Callable[..., Path]) -> None:
    bases = translators("en-xx")
    there = pivots.translators(bases)[0]
    found = [last_of(paraphrasing._translated(TEXTS, there, bases, 0.0)) for _ in range(2)]
    assert found[0] == found[1]
    assert (len(found[0]), found[0][1]) == (len(TEXTS), "")


def test_half_of_the_time_the_other_text_is_read_with_its_own_label() -> None:
    other = {0: {"row": 0, "ids": [7, 8]}}
    change = augment.Changer(augment.BACK, 0.1, frozenset(), np.ones(9, bool), otherwise=other)
    piece = {"row": 0, "ids": [1, 2, 3], "target": 1}
    draw = np.random.default_rng(3)
    read = [tuple(change(piece, draw)["ids"]) for _ in range(200)]
    assert 70 < read.count((7, 8)) < 130
    assert set(read) == {(7, 8), (1, 2, 3)}
    assert change({**piece, "ids": [1]}, draw)["target"] == 1
    untranslated = {"row": 5, "ids": [1, 2]}
    assert all(change(untranslated, draw) == untranslated for _ in range(9))
    assert change.tokens == {7, 8}  # so that the embedding knows them


def test_a_fine_tune_reads_them(
    make_spec: Callable[..., Spec],
    translators: Callable[..., Path],
    backwards: None,
    tmp_path: Path,
) -> None:
    losses = {}
    bases = translators("en-xx", "xx-en")
    for name in ("none", "back_translation"):
        spec = make_spec(augmentation=name, epochs=1)
        events = list(fit(spec, tmp_path / name, bases))
        notes = [one for one in events if isinstance(one, Note)]
        told = [one.values for one in notes if one.code == "train.said_otherwise"]
        assert bool(told) == (name == "back_translation")
        losses[name] = events[-1].details["history"][-1]["train_loss"]
    assert losses["none"] != losses["back_translation"]


def test_two_texts_are_not_said_otherwise(make_spec: Callable[..., Spec], tmp_path: Path) -> None:
    rows = tmp_path / "pairs.csv"
    lines = [f"text {n},other {n % 7},{'yes' if n % 2 else 'no'}" for n in range(60)]
    rows.write_text("text_a,text_b,label\n" + "\n".join(lines) + "\n")
    roles: dict[str, Any] = {name: name for name in ("text_a", "text_b", "label")}
    spec = make_spec(
        task="text-matching", train=str(rows), columns=roles, augmentation="back_translation",
        matching="cross",
    )  # fmt: skip
    with pytest.raises(Problem) as caught:
        list(fit(spec, tmp_path / "run"))
    assert (caught.value.code, caught.value.values["field"]) == ("spec.choice", "augmentation")

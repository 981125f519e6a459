"""The model folder and its card."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import export
from training.fit import card


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "models" / "one"

    def write(text: str, *, fail: bool) -> None:
        with export.whole(target) as part:
            (part / "a").write_text(text)
            if fail:
                raise KeyError

    write("1", fail=False)
    with pytest.raises(KeyError):
        write("2", fail=True)
    assert (target / "a").read_text() == "1"
    assert list(target.parent.iterdir()) == [target]


def test_a_new_folder_takes_the_place_of_the_old(tmp_path: Path) -> None:
    for text in ("1", "2"):
        with export.whole(tmp_path / "model") as part:
            (part / text).write_text(text)
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["2"]


@pytest.mark.parametrize(
    ("label", "shown"), [("a|b", "a\\|b"), ("two\nlines", "two lines"), ("<b>", "&lt;b>")]
)
def test_a_label_stays_in_its_cell(label: str, shown: str) -> None:
    assert card.cell(label) == shown


def test_the_card_takes_labels_with_a_dollar(tmp_path: Path) -> None:
    metrics = {
        "per_label": {"$cash ${x}": {"precision": 1, "recall": 0.5, "f1": 0.66, "support": 3}}
    }
    assert "| $cash ${x} | 100.0 % | 50.0 % | 66.0 % | 3 |" in card.per_label(metrics)

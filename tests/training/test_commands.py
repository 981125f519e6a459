"""`python -m training` as a process."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import rows_of, write_csv
from tests.warm import Warm
from training import commands, data_commands
from training.problems import TABLE, Problem
from training.spec import Spec

ROOT = Path(commands.__file__).resolve().parents[1]
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def start(*args: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "training", *map(str, args)]
    return subprocess.Popen(
        command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


Called = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def call(warm: Warm, tmp_path: Path) -> Called:
    """(exit code, events, standard error) of `python -m training` with these arguments."""

    def run(*args: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        ended = warm.run(["-m", "training", *args], cwd=tmp_path, env=ENV)
        events = [json.loads(text) for text in ended.stdout.splitlines()]
        return ended.returncode, events, ended.stderr

    return run


def fit_args(base: Path, train: Path, out: Path, *more: str) -> list[str | Path]:
    columns = ["--column", "text=text", "--column", "label=label"]
    given = ["fit", "--train", train, *columns, "--base-folder", base, "--effort", "quick"]
    return [*given, "--seed", "13", "--set", "epochs=1", "--out", out, *more]


def test_fit_prints_events_and_keeps_them(
    call: Called, tiny_base: Path, tickets: Path, tmp_path: Path
) -> None:
    code, events, err = call(*fit_args(tiny_base, tickets, tmp_path / "run"))
    assert code == 0, err
    assert events[0]["event"] == "stage"
    assert events[-1]["event"] == "report"
    kept = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
    assert [json.loads(text) for text in kept] == events


def test_fit_searches_where_it_is_asked_to(
    call: Called, tiny_base: Path, tickets: Path, tmp_path: Path
) -> None:
    budget = ("--search", "trials=2", "--search", "names=learning_rate")
    code, events, err = call(*fit_args(tiny_base, tickets, tmp_path / "run", *budget))
    assert code == 0, err
    assert events[-1]["details"]["search"]["budget"] == {"trials": 2, "names": ["learning_rate"]}
    assert (tmp_path / "run" / "study.journal").is_file()


def test_fit_takes_a_spec_file(
    make_spec: Callable[..., Spec], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / "spec.json"
    file.write_text(json.dumps(make_spec(epochs=9).as_dict()))
    args = ["fit", "--spec", str(file), "--out", str(tmp_path / "run"), "--set", "epochs=1"]
    assert commands.main(args) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["details"]["epochs_run"] == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--set", "epochs=0"), "spec.range"),
        (("--search", "trials=1"), "spec.range"),
        (("--search", "names=clip", "--search", "trials=2"), "spec.choice"),
        (("--set", "speed=9"), "spec.unknown"),
        (("--set", "epochs"), "spec.choice"),
        (("--effort", "huge"), "spec.choice"),
        (("--task", "unheard-of"), "spec.choice"),
        (("--seed", "-1"), "spec.range"),
        (("--base", "unheard-of", "--base-folder", ""), "base.unknown"),
        (("--train", "nowhere.csv"), "file.missing"),
        (("--column", "text=nothing"), "column.missing"),
        (("--spec", "nowhere.json"), "file.missing"),
    ],
)
def test_a_problem_is_the_last_line(
    tiny_base: Path,
    tickets: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    code: str,
) -> None:
    args = [str(arg) for arg in fit_args(tiny_base, tickets, tmp_path / "run", *more)]
    assert commands.main(args) == 2
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["code"]) == ("problem", code)
    assert last["expected"]
    assert last["remedy"]


def test_a_fault_of_ours_is_no_problem(
    tickets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(data_commands, "task_named", broken)
    assert commands.main(["check", str(tickets)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_sigterm_keeps_the_checkpoint(tiny_base: Path, tickets: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    child = start(*fit_args(tiny_base, tickets, run, "--set", "epochs=50", "--set", "patience=50"))
    assert child.stdout
    for text in child.stdout:
        if json.loads(text)["event"] == "step":
            break
    begin = time.monotonic()
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 75, err
    assert time.monotonic() - begin < 30
    assert (run / "checkpoint" / "model.safetensors").is_file()
    assert not list(run.glob(".*"))
    assert all(json.loads(text) for text in (run / "events.jsonl").read_text().splitlines())


def test_a_stop_in_the_middle_of_a_line_waits_for_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = commands.Output()
    out.busy = True
    out.stop(signal.SIGTERM, None)
    out.busy = False
    with pytest.raises(commands.Stopped):
        out.say({"event": "step"})
    assert capsys.readouterr().out == '{"event": "step"}\n'
    out.stop(signal.SIGTERM, None)


def test_check_says_what_the_site_needs(
    tickets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = ["--column", "text=text", "--column", "label=label"]
    args = ["check", *columns, str(tickets), "--json", "--out", str(tmp_path / "out")]
    assert commands.main(args) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"rows", "findings", "gate"} <= last.keys()
    assert last["rows"] == 120
    assert (tmp_path / "out" / "version.parquet").is_file()


def test_check_takes_its_file_as_fit_does(
    tickets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = ["--column", "text=text", "--column", "label=label"]
    assert commands.main(["check", "--train", str(tickets), *columns, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows"] == 120


def test_check_of_blocked_data_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_csv(tmp_path / "one.csv", [(text, "same") for text, _ in rows_of(9)])
    assert (
        commands.main(["check", "--column", "text=text", "--column", "label=label", str(one)]) == 2
    )
    assert "blocking" in capsys.readouterr().out


def test_verify_says_so(fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["verify", str(fitted)]) == 0
    assert json.loads(capsys.readouterr().out)["labels_equal"] is True


def test_verify_fails_when_answers_differ(
    fitted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import inference
    from training.events import Verified

    monkeypatch.setattr(inference, "verify", lambda _: Verified(3, True, 0.5))
    assert commands.main(["verify", str(fitted)]) == 2
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["code"] == "artifact.mismatch"


def test_predict_and_evaluate(
    fitted: Path, tickets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["predict", str(fitted), str(tickets), str(tmp_path / "out.csv")]) == 0
    assert commands.main(["evaluate", str(fitted), str(tickets)]) == 0
    predicted, report = map(json.loads, capsys.readouterr().out.splitlines())
    assert predicted["rows"] == report["test_rows"] == 120


def test_estimate(tickets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["estimate", "--column", "text=text", "--column", "label=label", str(tickets)]
    assert commands.main(args) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["low"] < found["seconds"] < found["high"]


def test_serve_ends_at_once(fitted: Path, tmp_path: Path) -> None:
    file = tmp_path / "serving.json"
    child = start("serve", "--home", fitted.parent, "--file", file)
    assert child.stdout
    first = json.loads(child.stdout.readline())
    assert first["port"] == json.loads(file.read_text())["port"]
    child.terminate()
    assert child.wait(timeout=30) == 0
    assert not file.exists()
    assert child.stdout.read() == ""


def test_help_does_not_import_torch() -> None:
    code = """if True:
        import sys
        from training import commands
        try:
            commands.main(["--help"])
        finally:
            assert "torch" not in sys.modules
    """
    done = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, text=True)
    assert "fit" in done.stdout
    assert "AssertionError" not in done.stderr


def test_problems_have_words() -> None:
    for code in (
        "train.diverged",
        "train.memory",
        "train.no_test",
        "artifact.missing",
        "serving.inputs",
    ):
        assert TABLE[code].remedy
        assert str(Problem(code))


def test_a_full_disk_is_a_problem(
    fitted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import inference

    def full(_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(inference, "verify", full)
    assert commands.main(["verify", str(fitted)]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "disk.full"

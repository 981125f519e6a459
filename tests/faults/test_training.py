"""The real trainer with a tiny model is broken from inside, outside and by its disk; it never says that all is well."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.syscalls import failing, on_small_disk
from tests.training.conftest import fitted, tickets, tiny_base  # noqa: F401
from tests.training.test_commands import ENV, fit_args

PYTHON = [sys.executable, "-m", "training"]


def done(command: Sequence[str | Path], armed: str = "") -> tuple[int, list[dict[str, Any]], str]:
    """Its status, what it said, and its standard error."""
    ended = subprocess.run(
        [*map(str, command)],
        env={**ENV, "ATTUNE_FAILPOINTS": armed},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = ended.stdout.splitlines()
    return ended.returncode, [json.loads(line) for line in lines], ended.stderr


# Where it is killed: whether there is an artifact by then.
MOMENTS = {"said.started": False, "said.step": False, "said.scored": False, "said.saved": True}


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_is_killed(tiny_base: Path, tickets: Path, tmp_path: Path, moment: str) -> None:  # noqa: F811
    """What it has said until then is whole, and what it has saved as well."""
    run = tmp_path / "run"
    code, said, _err = done([*PYTHON, *fit_args(tiny_base, tickets, run)], f"{moment}=kill")
    assert code == -signal.SIGKILL
    assert f"said.{said[-1]['event']}" == moment
    kept = (run / "events.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in kept] == said
    assert (run / "artifact.zip").exists() == MOMENTS[moment]
    if MOMENTS[moment]:
        assert zipfile.ZipFile(run / "artifact.zip").testzip() is None
    assert not (run / "report.json").exists() or MOMENTS[moment]


@pytest.mark.parametrize(
    ("armed", "code", "last"),
    [
        ("said.stage:training=error:ENOSPC", 2, "disk.full"),
        ("said.stage:testing=memory", 1, ""),
        ("said.report=exit:9", 9, ""),
    ],
)
def test_it_fails(
    tiny_base: Path,  # noqa: F811
    tickets: Path,  # noqa: F811
    tmp_path: Path,
    armed: str,
    code: int,
    last: str,
) -> None:
    run = tmp_path / "run"
    status, said, err = done([*PYTHON, *fit_args(tiny_base, tickets, run)], armed)
    assert status == code, err
    assert said[-1].get("code", "") == last
    assert not list(run.glob(".*.part"))


def test_it_hangs_and_is_deaf(tiny_base: Path, tickets: Path, tmp_path: Path) -> None:  # noqa: F811
    """Stopped all the same."""
    process = subprocess.Popen(
        [*PYTHON, *map(str, fit_args(tiny_base, tickets, tmp_path / "run"))],
        env={**ENV, "ATTUNE_FAILPOINTS": "said.stage:preparing=hang"},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    while json.loads(process.stdout.readline()).get("name") != "preparing":
        pass
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()


@pytest.mark.parametrize("size", ["40k", "400k"])
def test_its_disk_is_full(tiny_base: Path, tickets: Path, tmp_path: Path, size: str) -> None:  # noqa: F811
    """With less than the first files take, and with less than the model."""
    run = tmp_path / "run"
    run.mkdir()
    fit = [*PYTHON, *fit_args(tiny_base, tickets, run)]
    code, said, err = done(on_small_disk(fit, run, size))
    assert code == 2, err
    assert said[-1]["code"] == "disk.full"


def test_every_write_of_a_check_may_be_the_one_that_fails(tickets: Path, tmp_path: Path) -> None:  # noqa: F811
    """From the first write of its result on, further and further, until it succeeds."""
    columns = ["--column", "text=text", "--column", "label=label"]
    target, tried = tmp_path / "out", 0
    for nth in (1, 2, 3, 5, 8, 13, 21):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        check = [*PYTHON, "check", *columns, tickets, "--json", "--out", target]
        file = target / "version.parquet"
        code, said, err = done(failing(check, calls="write", error="ENOSPC", nth=nth, path=file))
        if code == 0:
            break
        tried += 1
        assert (code, said[-1]["code"]) == (2, "disk.full"), err
    assert code == 0
    assert tried
    assert said[-1]["rows"] == 120


@pytest.mark.parametrize("part", ["model.safetensors", "config.json", "attune.json"])
@pytest.mark.parametrize("how", ["missing", "cut", "changed"])
def test_a_model_that_was_damaged_is_not_taken_for_the_one_that_was_trained(
    fitted: Path,  # noqa: F811
    tmp_path: Path,
    part: str,
    how: str,
) -> None:
    from training import commands

    run = tmp_path / "run"
    shutil.copytree(fitted, run)
    file = run / "artifact" / part
    data = file.read_bytes()
    if how == "missing":
        file.unlink()
    elif how == "cut":
        file.write_bytes(data[: len(data) // 2])
    else:
        place = len(data) // 2
        file.write_bytes(data[:place] + bytes(len(data) - place))
    assert commands.main(["verify", str(run)]) != 0


def test_nobody_reads_what_it_says(tiny_base: Path, tickets: Path, tmp_path: Path) -> None:  # noqa: F811
    """Its parent has gone: it ends without a fault, as one that was stopped."""
    process = subprocess.Popen(
        [*PYTHON, *map(str, fit_args(tiny_base, tickets, tmp_path / "run"))],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(120) == 75
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()


def test_a_verification_is_killed(fitted: Path) -> None:  # noqa: F811
    """As it says that all is well: the status says what is to be believed."""
    assert done([*PYTHON, "verify", fitted], "said.verified=kill")[0] == -signal.SIGKILL

"""The real trainer with a tiny model is broken from inside, outside and by its disk; it never says that all is well."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from projects.jobs import forked
from projects.jobs.launcher import Child, launch
from tests.faults.cluster import until
from tests.faults.syscalls import on_small_disk
from tests.training.conftest import fitted, tickets, tiny_base  # noqa: F401
from tests.training.test_commands import ENV, fit_args

PYTHON = [sys.executable, "-m", "training"]
TOLD = tuple[int, list[dict[str, Any]], str]
Done = Callable[..., TOLD]


def done(command: Sequence[str | Path]) -> TOLD:
    """Its status, what it said, and its standard error."""
    ended = subprocess.run(
        [*map(str, command)], env=ENV, capture_output=True, text=True, check=False, timeout=300
    )
    lines = ended.stdout.splitlines()
    return ended.returncode, [json.loads(line) for line in lines], ended.stderr


@pytest.fixture(scope="module")
def launcher_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the socket of a launcher that has torch imported, as on a site: a trainer is there at once."""
    home = tmp_path_factory.mktemp("launcher")
    process = subprocess.Popen(
        [*PYTHON, "launch", "--socket", str(home / forked.SOCKET)], env=ENV, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert b"warm" in process.stdout.readline()
    until((home / forked.SOCKET).exists, "the launcher's socket")
    yield home
    process.terminate()
    process.wait(30)
    process.stdout.close()


@pytest.fixture
def started(launcher_home: Path, home: Path, settings: Any, tmp_path: Path) -> Callable[..., Child]:
    """Starts `python -m training` with failpoints."""

    def start(args: Sequence[str | Path], armed: str = "") -> Child:
        settings.ATTUNE_HOME = launcher_home
        env = {"ATTUNE_FAILPOINTS": armed, "OMP_NUM_THREADS": "1"}
        return launch([*map(str, args)], folder=tmp_path, env=env, warm=True)

    return start


@pytest.fixture
def broken(started: Callable[..., Child]) -> Done:
    """`broken(arguments, failpoints)`: as `done`."""

    def run(args: Sequence[str | Path], armed: str) -> TOLD:
        child = started(args, armed)
        said = [event for event in child.lines() if event]
        child.stop()
        return child.returncode or 0, said, child.stderr

    return run


# Where it is killed: whether there is an artifact by then.
MOMENTS = {"said.started": False, "said.step": False, "said.scored": False, "said.saved": True}


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_is_killed(
    broken: Done,
    tiny_base: Path,  # noqa: F811
    tickets: Path,  # noqa: F811
    tmp_path: Path,
    moment: str,
) -> None:
    """What it has said until then is whole, and what it has saved as well."""
    run = tmp_path / "run"
    code, said, _err = broken(fit_args(tiny_base, tickets, run), f"{moment}=kill")
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
        ("said.stage:testing=memory", 2, "run.memory"),
        ("said.report=exit:9", 9, ""),
    ],
)
def test_it_fails(
    broken: Done,
    tiny_base: Path,  # noqa: F811
    tickets: Path,  # noqa: F811
    tmp_path: Path,
    armed: str,
    code: int,
    last: str,
) -> None:
    run = tmp_path / "run"
    status, said, err = broken(fit_args(tiny_base, tickets, run), armed)
    assert status == code, err
    assert said[-1].get("code", "") == last
    assert not list(run.glob(".*.part"))


def _is_deaf(pid: int) -> bool:
    """It says what it does before it does it.."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return bool(int(status["SigIgn"], 16) >> (signal.SIGTERM - 1) & 1)


def test_it_hangs_and_is_deaf(
    started: Callable[..., Child],
    tiny_base: Path,  # noqa: F811
    tickets: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Stopped all the same."""
    child = started(fit_args(tiny_base, tickets, tmp_path / "run"), "said.stage:preparing=hang")
    assert any(event and event.get("name") == "preparing" for event in child.lines())
    until(lambda: _is_deaf(child.pid), "a trainer that is deaf")
    begin = time.monotonic()
    child.stop(grace=1.0)
    assert time.monotonic() - begin > 1.0
    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("size", ["40k", "400k"])
def test_its_disk_is_full(tiny_base: Path, tickets: Path, tmp_path: Path, size: str) -> None:  # noqa: F811
    """With less than the first files take, and with less than the model."""
    run = tmp_path / "run"
    run.mkdir()
    fit = [*PYTHON, *fit_args(tiny_base, tickets, run)]
    code, said, err = done(on_small_disk(fit, run, f"size={size}"))
    assert code == 2, err
    assert said[-1]["code"] == "disk.full"


def test_a_check_on_a_disk_with_more_and_more_room(tickets: Path, tmp_path: Path) -> None:  # noqa: F811
    """From none to speak of, until it is enough."""
    columns = ["--column", "text=text", "--column", "label=label"]
    (target := tmp_path / "out").mkdir()
    check = [*PYTHON, "check", *columns, tickets, "--json", "--out", target]
    for pages, enough in ((1, False), (2, False), (32, True)):
        code, said, err = done(on_small_disk(check, target, f"size={4 * pages}k"))
        assert code == (0 if enough else 2), err
        assert enough or said[-1]["code"] == "disk.full"
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


def test_nobody_reads_what_it_says(
    started: Callable[..., Child],
    tiny_base: Path,  # noqa: F811
    tickets: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Its parent has closed the pipe: it ends without a fault, as one that was stopped."""
    child = started(fit_args(tiny_base, tickets, tmp_path / "run"))
    next(filter(None, child.lines()))
    child._process.stdout.close()
    assert child._process.wait(120) == 75
    assert child.stderr == ""


def test_a_verification_is_killed(broken: Done, fitted: Path) -> None:  # noqa: F811
    """As it says that all is well: the status says what is to be believed."""
    code, said, _err = broken(["verify", fitted], "said.verified=kill")
    assert code == -signal.SIGKILL
    assert said[-1]["event"] == "verified"

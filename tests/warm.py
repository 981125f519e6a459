"""Python programs that need torch, run without waiting for its import: forked from a process that has imported it.

`run([path, ...])` and `run(["-m", "training", ...])` are what `subprocess.run([sys.executable, ...])` is: a process of
its own, with the folder and environment that are given, and nothing of the tests' own modules. Importing torch and
transformers takes seconds of processor time, a fork some milliseconds. For programs whose start is itself what is
tested, and for those that get signals, there is subprocess.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# What `predict.py` and `python -m training` have in common, and the networks of the bases that the tests make.
IMPORTED = (
    *("torch", "safetensors.torch", "tokenizers", "transformers.modeling_utils"),
    *("pyarrow.parquet", "sklearn.linear_model", "peft", "accelerate"),
)
NETWORKS = ("bert", "gpt2", "llama", "t5")
TOO_LONG = 120  # seconds


class Warm:
    """The process that has torch imported; it does one program after the other."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        limit: int = TOO_LONG,
    ) -> subprocess.CompletedProcess[str]:
        """`command` without the interpreter; `env` as of subprocess; `limit` in seconds, after which it is ended."""
        out, err = self._scratch / "out", self._scratch / "err"
        request: dict[str, Any] = {"command": [str(part) for part in command], "cwd": str(cwd)}
        request["limit"] = limit
        request |= {"env": dict(os.environ if env is None else env)}
        code = self._ask(request | {"out": str(out), "err": str(err)})
        return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())

    def _ask(self, request: dict[str, Any]) -> int:
        process = self._process = self._process or self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    def _started(self) -> subprocess.Popen[str]:
        clean = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, __file__], env=clean, cwd=self._scratch, **pipes)

    def close(self) -> None:
        if self._process:
            self._process.communicate()


@contextlib.contextmanager
def warm(scratch: Path) -> Iterator[Warm]:
    found = Warm(scratch)
    try:
        yield found
    finally:
        found.close()


# --- in the process that has torch imported -----------------------------------------------------


def serve() -> None:
    sys.path.pop(0)  # that of this file: the programs shall not find the tests
    for name in (*IMPORTED, *(f"transformers.models.{n}.modeling_{n}" for n in NETWORKS)):
        __import__(name)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become(json.loads(line))
        sys.stdout.write(f"{_ended(pid)}\n")
        sys.stdout.flush()


def _ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(request: dict[str, Any]) -> None:
    code = 1
    try:
        signal.alarm(request["limit"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        code = _program(request["command"])
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _program(command: list[str]) -> int:
    """Runs it as the interpreter does: its exit code."""
    module = command[0] == "-m"
    first = Path.cwd() if module else Path(command[0]).resolve().parent
    found = [name for name in os.environ.get("PYTHONPATH", "").split(os.pathsep) if name]
    sys.path[:0] = [str(first), *found]
    sys.argv = command[1:] if module else command
    run = partial(runpy.run_module, alter_sys=True) if module else runpy.run_path
    try:
        run(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    serve()

"""The command line. One JSON event a line on standard output; torch is imported only by what needs it.

Exit codes: 0 done · 2 a problem of the user's, the last line says which · 75 stopped, the best checkpoint is kept ·
1 a fault of ours, with its traceback on standard error.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from training import arguments, catalogue, data_commands, events
from training import spec as specs
from training.problems import TABLE, Problem, fill
from training.tasks import TASKS
from training.tasks.shape import BETWEEN

DONE, OURS, PROBLEM, STOPPED = 0, 1, 2, 75
EVENTS = "events.jsonl"


class Stopped(BaseException):
    """SIGTERM or SIGINT came. Not an Exception, so that nothing on its way takes it for a fault."""


class Output:
    """Where events go, and when a signal may interrupt: never in the middle of a line."""

    def __init__(self) -> None:
        self.file: TextIO | None = None
        self.busy = self.stopping = False

    def say(self, data: dict[str, Any]) -> None:
        text = json.dumps(events.finite(data), allow_nan=False) + "\n"
        self.busy = True
        try:
            for stream in filter(None, (sys.stdout, self.file)):
                stream.write(text)
                stream.flush()
        finally:
            self.busy = False
        if self.stopping:
            raise Stopped

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """The handler of the signals. The first one counts; more of them do not disturb the tidying up."""
        if self.stopping:
            return
        self.stopping = True
        if not self.busy:
            raise Stopped

    def tell(self, found: Iterable[events.Event]) -> None:
        for event in found:
            self.say(event.as_dict())


def main(argv: Sequence[str] | None = None) -> int:
    wanted = _parser().parse_args(argv)
    out = Output()
    try:
        signal.signal(signal.SIGTERM, out.stop)
        signal.signal(signal.SIGINT, out.stop)
        return int(wanted.run(wanted, out) or DONE)
    except Stopped:
        return STOPPED
    except Problem as problem:
        out.stopping = False
        _say_problem(out, problem)
        return PROBLEM
    except BrokenPipeError:
        # Nobody reads any more: nothing more is written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return _say_full(out)
        traceback.print_exc()
        return OURS
    finally:
        with suppress(OSError):  # on a full disk closing fails too
            if out.file:
                out.file.close()


def _say_problem(out: Output, problem: Problem) -> None:
    entry = TABLE[problem.code]
    texts = (fill(text, problem.values) for text in (entry.expected, entry.found, entry.remedy))
    out.say(events.Failed(problem.code, problem.values, *texts).as_dict())


def _say_full(out: Output) -> int:
    """The disk is full: told on standard output alone, since nothing more can be kept."""
    out.file = None
    free = shutil.disk_usage(Path.cwd()).free
    _say_problem(out, Problem("disk.full", wanted="–", free=free))
    return PROBLEM


# --- commands ------------------------------------------------------------------------------------------------------


def fit(wanted: argparse.Namespace, out: Output) -> int:
    spec = _spec(wanted)
    folder = Path(wanted.out)
    folder.mkdir(parents=True, exist_ok=True)
    out.file = (folder / EVENTS).open("w", encoding="utf-8")
    _prepare_torch()
    from training.fit import fit as fine_tune

    with closing(fine_tune(spec, folder, _bases())) as steps:
        out.tell(steps)
    return DONE


def _spec(wanted: argparse.Namespace) -> specs.Spec:
    settings = _pairs(wanted.set, "--set")
    if wanted.spec:
        if not Path(wanted.spec).is_file():
            raise Problem("file.missing", file=wanted.spec)
        found = specs.read(wanted.spec)
        merged = specs.check_settings({**found.settings, **settings})
        return replace(found, settings=merged)
    given = {
        "task": wanted.task,
        "train": wanted.train,
        "valid": wanted.valid,
        "test": wanted.test,
        "encoding": wanted.encoding,
        "delimiter": wanted.delimiter,
        "columns": _columns(wanted),
        "base": wanted.base,
        "base_folder": wanted.base_folder,
        "effort": wanted.effort,
        "seed": wanted.seed,
        "settings": settings,
    }
    return specs.from_dict(given)


def _pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` arguments as a dict; the last one of a name counts."""
    found: dict[str, str] = {}
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or not name:
            raise Problem("spec.choice", field=option, value=item, choices="NAME=VALUE")
        found[name] = value
    return found


def _columns(wanted: argparse.Namespace) -> dict[str, str]:
    """Role -> column; a role that is given several times is played by several columns."""
    found: dict[str, str] = {}
    for item in wanted.column:
        for role, name in _pairs([item], "--column").items():
            found[role] = BETWEEN.join([found[role], name]) if role in found else name
    return found


def _bases() -> str:
    home = os.environ.get("ATTUNE_HOME", "")
    return str(Path(home) / "bases") if home else ""


def _prepare_torch() -> None:
    """What has to stand before torch and transformers are imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "0" if catalogue.hub_allowed() else "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # Threads that wait sleep: the site and other runs want the cores too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from training import backbone

    backbone.keep_buffers()


def check(wanted: argparse.Namespace, out: Output) -> int:
    from training.check import Wish
    from training.check import check as checking

    sources = _sources(wanted)
    task, columns = _task(wanted.task), _columns(wanted)
    wish = Wish(wanted.seed, wanted.split_by, wanted.variant, wanted.keep_test)
    options = {"out": wanted.out, "base": wanted.base, "bases_dir": _bases()}
    return _tell_check(wanted, out, checking(task, sources, columns, wish=wish, **options))


def revise(wanted: argparse.Namespace, out: Output) -> int:
    from training import edits
    from training.check import Wish
    from training.revise import revise as revising

    changes, wish = edits.read(wanted.changes), Wish(wanted.seed)
    options = {"out": wanted.out, "base": wanted.base, "bases_dir": _bases()}
    steps = revising(_task(wanted.task), wanted.version, changes, wish=wish, **options)
    return _tell_check(wanted, out, steps)


def _tell_check(wanted: argparse.Namespace, out: Output, steps: Iterable[events.Event]) -> int:
    gate = ""
    for event in steps:
        if isinstance(event, events.Checked):
            gate = event.gate
        if wanted.json:
            out.say(event.as_dict())
        elif isinstance(event, events.Checked):
            _say_findings(event)
    return PROBLEM if gate == "blocked" else DONE


def _sources(wanted: argparse.Namespace) -> list[Any]:
    """The files to check, each with the split that it is for."""
    from training.validation import Source

    train = wanted.train or wanted.train_option
    files = {"train": train, "valid": wanted.valid, "test": wanted.test}
    return [
        Source(
            split,
            path,
            Path(path).name,
            wanted.encoding,
            wanted.delimiter,
            wanted.format,
            {"yes": True, "no": False}.get(wanted.header),
        )
        for split, path in files.items()
        if path
    ]


def _say_findings(checked: events.Checked) -> None:
    """For a person to read: one line a finding, with its first places."""
    for finding in checked.findings:
        entry = TABLE[finding["code"]]
        places = ", ".join(f"{place['file']}:{place['line']}" for place in finding["places"][:5])
        text = f"{fill(entry.found, dict(finding['values']))} {fill(entry.remedy, dict(finding['values']))}"
        sys.stdout.write(
            f"{finding['severity']}: {entry.title} ({finding['count']}): {text} {places}\n"
        )
    sys.stdout.write(f"{checked.rows} rows, {checked.gate}\n")


def _task(name: str) -> Any:
    task = TASKS.get(name)
    if task is None:
        raise Problem("spec.choice", field="task", value=name, choices=", ".join(TASKS))
    return task


def predict(wanted: argparse.Namespace, out: Output) -> int:
    _prepare_torch()
    from training import inference

    rows = inference.label_file(
        wanted.folder, Path(wanted.input), Path(wanted.output), wanted.text_column
    )
    out.say({"event": "predicted", "rows": rows, "file": wanted.output})
    return DONE


def evaluate(wanted: argparse.Namespace, out: Output) -> int:
    _prepare_torch()
    from training import inference

    columns = _columns(wanted)
    out.say(inference.evaluate(wanted.folder, Path(wanted.input), columns).as_dict())
    return DONE


def verify(wanted: argparse.Namespace, out: Output) -> int:
    _prepare_torch()
    from training import inference

    found = inference.verify(wanted.folder)
    out.say(found.as_dict())
    if not found.labels_equal or found.max_difference >= inference.TOLERANCE:
        raise Problem("artifact.mismatch", difference=found.max_difference)
    return DONE


def estimate(wanted: argparse.Namespace, out: Output) -> int:
    from training import estimate as estimating
    from training.check import check as checking

    calibration = json.loads(Path(wanted.calibration).read_text()) if wanted.calibration else {}
    sources = _sources(wanted)
    columns, settings = _columns(wanted), _pairs(wanted.set, "--set")
    checked = [*checking(_task(wanted.task), sources, columns, bases_dir=_bases())][-1]
    stats = checked.stats if isinstance(checked, events.Checked) else {}
    found = estimating.seconds(
        stats, calibration, wanted.effort, wanted.base, specs.check_settings(settings)
    )
    out.say({"event": "estimate", **found.__dict__})
    return DONE


def calibrate(wanted: argparse.Namespace, out: Output) -> int:
    _prepare_torch()
    from training.calibrate import measure

    found = measure(_bases())
    file = Path(wanted.out)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    part.replace(file)
    out.say({"event": "calibrated", **found})
    return DONE


def serve(wanted: argparse.Namespace, out: Output) -> int:
    _prepare_torch()
    from training import serve as serving

    file = Path(wanted.file)
    try:
        serving.serve(Path(wanted.home), file, wanted.models, out.say)
    except Stopped:
        return DONE
    finally:
        serving.forget_address(file)
    return DONE


# --- arguments -----------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training", description="Fine-tune text models from a labelled CSV."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_fit(commands)
    one = arguments.add(
        commands, "check", check, "All that is wrong with the data, with file and line."
    )
    arguments.add_data(one)
    arguments.add_train(one)
    arguments.add_check(one)
    one.add_argument("--fast", action="store_true", help="only what needs no model")
    one.add_argument("--variant", default="", help="of the task, where it is told wrongly")
    one.add_argument("--split-by", default="random", choices=("random", "group", "time"))
    one.add_argument("--keep-test", default="", help="version whose test rows are taken over")
    one = arguments.add(
        commands, "revise", revise, "A new version out of an older one and changes to it."
    )
    one.add_argument("--task", default="text-classification", help="name of the task")
    arguments.add_paths(one, "version", "changes")
    one.add_argument("--seed", type=int, default=13)
    one.add_argument("--base", default="minilm-l6", help="base model")
    arguments.add_check(one)
    data_commands.add(commands)
    one = arguments.add(commands, "predict", predict, "Label the texts of a CSV file.")
    arguments.add_paths(one, "folder", "input", "output")
    one.add_argument("--column", dest="text_column", default="", help="column that holds the texts")
    one = arguments.add(commands, "evaluate", evaluate, "Score a model on a labelled CSV file.")
    arguments.add_paths(one, "folder", "input")
    one.add_argument("--column", action="append", default=[], metavar="ROLE=NAME")
    one = arguments.add(
        commands, "verify", verify, "Load a run's saved model and compare it with the run."
    )
    arguments.add_paths(one, "folder")
    one = arguments.add(commands, "estimate", estimate, "How long a fine-tune would take here.")
    arguments.add_data(one)
    arguments.add_train(one)
    arguments.add_choices(one)
    one.add_argument("--calibration", default="", help="file written by calibrate")
    one = arguments.add(
        commands, "calibrate", calibrate, "Measure this machine (about ten seconds)."
    )
    one.add_argument("--out", required=True, help="JSON file to write")
    one = arguments.add(commands, "serve", serve, "Answer predictions on the loopback interface.")
    one.add_argument("--home", required=True, help="models are loaded from below this folder only")
    one.add_argument("--file", required=True, help="JSON file for port, token and process id")
    one.add_argument("--models", type=int, default=4, help="models that stay loaded")
    return parser


def _add_fit(commands: Any) -> None:
    one = arguments.add(commands, "fit", fit, "Fine-tune a model.")
    arguments.add_data(one)
    arguments.add_choices(one)
    one.add_argument("--train", default="", help="CSV file to learn from")
    one.add_argument("--spec", default="", help="JSON file with all of it instead")
    one.add_argument("--base-folder", default="", help="folder of the base model's files")
    one.add_argument("--out", required=True, help="folder for the results")

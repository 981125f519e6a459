"""The command line. One JSON event a line on standard output; torch is imported only by what needs it.

Exit codes: 0 done · 2 a problem of the user's, the last line says which · 75 stopped, the best checkpoint is kept ·
1 a fault of ours, with its traceback on standard error.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from training import (
    arguments,
    budget,
    catalogue,
    checkpoints,
    events,
    export_commands,
    install_commands,
    ranks,
    stopping,
)
from training import spec as specs
from training.data_commands import check, health, revise, sources
from training.problems import TABLE, Problem, fill
from training.stopping import Stopped
from training.terminal import DROP, Output, bases, columns, pairs, prepare_torch, task_named

DONE, OURS, PROBLEM, STOPPED = 0, 1, 2, 75
EVENTS = "events.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    wanted = _parser().parse_args(argv)
    wanted.argv = list(sys.argv[1:] if argv is None else argv)
    out = Output()
    try:
        for number in (signal.SIGTERM, signal.SIGINT, DROP):
            signal.signal(number, out.stop)
        return int(wanted.run(wanted, out) or DONE)
    except Stopped:
        return STOPPED
    except Problem as problem:
        stopping.forget()
        _say_problem(out, problem)
        return PROBLEM
    except MemoryError:
        _say_problem(out, _too_little_memory())
        return PROBLEM
    except BrokenPipeError:
        # Nobody reads any more: nothing more is written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except Exception as error:
        if _of_full_disk(error):
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
    told = events.finite(events.Failed(problem.code, problem.values, *texts).as_dict())
    if out.silent:
        ranks.leave_word(told)
    else:
        out.say(told)


def _too_little_memory() -> Problem:
    """Either there is no more, or no more is allowed (see confine)."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY:
        return Problem("run.memory")
    return Problem("run.memory_limit", limit=limit, limit_text=f"{limit / 1024**3:.1f} GB")


def _of_full_disk(error: Exception) -> bool:
    """safetensors writes with Rust, whose error has the words alone."""
    number = getattr(error, "errno", None)
    return number in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in str(error)


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
    prepare_torch()
    from training import distributed

    # The trials of a search are small: one device.
    devices = 1 if spec.search else distributed.chosen(spec.settings.get("devices"))
    if devices > 1 and not distributed.among_ranks():
        return ranks.run(devices, wanted.argv)
    if devices != spec.settings.get("devices", 1):
        spec = spec.with_settings(devices=devices)
    distributed.join()
    out.silent = not distributed.leads()
    with ExitStack() as stack:
        if out.silent:
            place = tempfile.TemporaryDirectory(prefix=".rank-", suffix=".part", dir=folder)
            folder = checkpoints.lent(folder, Path(stack.enter_context(place)))
        else:
            # What goes on where it was cut off goes on telling, too.
            if not (folder / checkpoints.RESUME).is_dir():
                (folder / EVENTS).unlink(missing_ok=True)
            out.file = (folder / EVENTS).open("a", encoding="utf-8")
        steps = stack.enter_context(closing(_steps(spec, folder)))
        out.tell(distributed.trained(steps))
    return DONE


def _steps(spec: specs.Spec, folder: Path) -> Generator[events.Event, None, None]:
    if spec.search:
        from training.search import search

        return search(spec, folder, bases())
    from training.fit import fit as fine_tune

    return fine_tune(spec, folder, bases())


def _spec(wanted: argparse.Namespace) -> specs.Spec:
    settings, search = pairs(wanted.set, "--set"), pairs(wanted.search, "--search")
    if wanted.spec:
        if not Path(wanted.spec).is_file():
            raise Problem("file.missing", file=wanted.spec)
        found = specs.read(wanted.spec)
        merged = specs.check_settings({**found.settings, **settings})
        searched = budget.check({**found.search, **search})
        return replace(found, settings=merged, search=searched)
    given = {
        "task": wanted.task,
        "train": wanted.train,
        "valid": wanted.valid,
        "test": wanted.test,
        "encoding": wanted.encoding,
        "delimiter": wanted.delimiter,
        "format": wanted.format,
        "header": {"yes": True, "no": False}.get(wanted.header),
        "variant": wanted.variant,
        "prompt": wanted.prompt,
        "system": wanted.system,
        "columns": columns(wanted),
        "base": wanted.base,
        "base_folder": wanted.base_folder,
        "continues": wanted.continues,
        "effort": wanted.effort,
        "seed": wanted.seed,
        "settings": settings,
        "search": search,
    }
    return specs.from_dict(given)


def preview(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training.fit import writing

    found = writing.previewed(specs.read(wanted.spec), wanted.rows, bases())
    out.say({"event": "preview", **found})
    return DONE


def predict(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training import inference

    rows = inference.label_file(
        wanted.folder,
        Path(wanted.input),
        Path(wanted.output),
        wanted.column,
        Path(wanted.list) if wanted.list else None,
        wanted.most,
    )
    out.say({"event": "predicted", "rows": rows, "file": wanted.output})
    return DONE


def evaluate(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training import inference

    found = inference.evaluate(wanted.folder, Path(wanted.input), columns(wanted))
    out.say(found.as_dict())
    return DONE


def verify(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training import inference

    found = inference.verify(wanted.folder)
    out.tell([found])
    if not found.labels_equal or found.max_difference >= inference.TOLERANCE:
        raise Problem("artifact.mismatch", difference=found.max_difference)
    return DONE


def estimate(wanted: argparse.Namespace, out: Output) -> int:
    from training import estimate as estimating
    from training.check import check as checking

    calibration = json.loads(Path(wanted.calibration).read_text()) if wanted.calibration else {}
    files, settings = sources(wanted), pairs(wanted.set, "--set")
    steps = checking(task_named(wanted.task), files, columns(wanted), bases_dir=bases())
    checked = [*steps][-1]
    stats = checked.stats if isinstance(checked, events.Checked) else {}
    base = wanted.base or catalogue.default_for(wanted.task)
    found = estimating.seconds(
        stats, calibration, wanted.effort, base, specs.check_settings(settings)
    )
    found = estimating.searched(found, budget.check(pairs(wanted.search, "--search")))
    out.say({"event": "estimate", **found.__dict__})
    return DONE


def calibrate(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training.calibrate import CLOCKS, measure

    found = measure(bases(), CLOCKS[wanted.clock])
    file = Path(wanted.out)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    part.replace(file)
    out.say({"event": "calibrated", **found})
    return DONE


def launch(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training import forking

    forking.warm()
    out.say({"event": "warm", "threads": forking.threads()})
    forking.Forker(main).serve(Path(wanted.socket))
    return DONE


def serve(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
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
    one = arguments.add(commands, "health", health, "The deep part of a version's health report.")
    one.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    one.add_argument("--task", default="text-classification", help="name of the task")
    arguments.add_paths(one, "version")
    one.add_argument("--seed", type=int, default=13)
    one.add_argument("--base", default="minilm-l6", help="base model")
    arguments.add_check(one)
    export_commands.add(commands)
    install_commands.add(commands)
    one = arguments.add(
        commands, "preview", preview, "How a model that writes reads the first training rows."
    )
    one.add_argument("--spec", required=True, help="JSON file, as for fit")
    one.add_argument("--rows", type=int, default=3)
    one = arguments.add(commands, "predict", predict, "Label the texts of a CSV file.")
    arguments.add_paths(one, "folder", "input", "output")
    one.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="[ROLE=]NAME",
        help="column that holds an input",
    )
    one.add_argument(
        "--list", default="", metavar="FILE", help="file of texts to search among instead"
    )
    one.add_argument("--most", type=int, default=3, help="texts of the list that a row gets")
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
        commands, "calibrate", calibrate, "Measure this machine (about twenty seconds a base)."
    )
    one.add_argument("--clock", default="wall", choices=("wall", "cpu"), help=argparse.SUPPRESS)
    one.add_argument("--out", required=True, help="JSON file to write")
    one = arguments.add(commands, "serve", serve, "Answer predictions on the loopback interface.")
    one.add_argument("--home", required=True, help="models are loaded from below this folder only")
    one.add_argument("--file", required=True, help="JSON file for port, token and process id")
    one.add_argument("--models", type=int, default=4, help="models that stay loaded")
    one = arguments.add(
        commands, "launch", launch, "Start processes that train without importing torch anew."
    )
    one.add_argument("--socket", required=True, help="Unix socket to listen on")
    return parser


def _add_fit(commands: Any) -> None:
    one = arguments.add(commands, "fit", fit, "Fine-tune a model.")
    arguments.add_data(one)
    arguments.add_choices(one)
    one.add_argument("--train", default="", help="CSV file to learn from")
    one.add_argument("--variant", default="", help="of the task, where it is told wrongly")
    one.add_argument("--spec", default="", help="JSON file with all of it instead")
    one.add_argument(
        "--prompt", default="", help="what a model that writes is asked, with {fields}"
    )
    one.add_argument("--system", default="", help="what stands before every conversation")
    one.add_argument("--base-folder", default="", help="folder of the base model's files")
    one.add_argument(
        "--continues",
        default="",
        metavar="FOLDER",
        help="results of a finished run of the same data and settings, to which epochs are added",
    )
    one.add_argument(
        "--out",
        required=True,
        help="folder for the results; what was cut off in it goes on where it was",
    )

"""A fine-tune of a base that writes: what it wrote before, training on the tokens of answers, what it writes after."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from transformers import AutoConfig

from training import (
    adapters,
    backbone,
    catalogue,
    clashes,
    defaults,
    distributed,
    export,
    generative_defaults,
    loop,
    quantizing,
    scoring,
    shards,
    version,
)
from training.coding import packing, preview, prompts, text
from training.events import Event, Report
from training.files import text as writers
from training.fit import job as jobs
from training.fit import keeping, resuming
from training.fit import report as reports
from training.fit.job import Job
from training.fit.training import followed
from training.inference import PROOF
from training.problems import Problem
from training.spec import Spec
from training.tasks.shape import Row

# Rows, and tokens of them, on which the loss is measured: after each epoch, and before and after it all.
VALID, LOSS = (200, 12_000), (300, 24_000)


@dataclass
class Written:
    """What is compared on the same test rows."""

    rows: list[Row]
    loss: list[dict[str, Any]]  # pieces of test rows that tell the perplexity
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    hits: dict[str, Any] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)


def made(job: Job) -> Generator[Event, None, Report]:
    yield jobs.stage("preparing")
    tokenizer = yield from prepare(job)
    accelerator = backbone.accelerator(job.settings["precision"])
    backbone.seed(job.spec.seed)
    network = _network(job, accelerator)
    job.pieces["train"] = _rows(job, network)
    yield jobs.started(job, accelerator, generative_defaults.FIGURES)
    yield jobs.stage("baselines")
    compared = yield from untouched(job, network, tokenizer)
    yield jobs.stage("training")
    begin = time.monotonic()
    own = resuming.of_seed(job, 0)
    outcome = yield from _trained(own, network, tokenizer, accelerator)
    job.seconds["train"] = round(outcome.earlier + time.monotonic() - begin, 3)
    yield jobs.stage("testing")
    return (yield from tested(job, compared, outcome))


def tried(job: Job, tokenizer: Any) -> Generator[Event, None, loop.Outcome]:
    """The training alone, as a search needs it: nothing is written by the model, no test row is read."""
    accelerator = backbone.accelerator(job.settings["precision"])
    backbone.seed(job.spec.seed)
    network = _network(job, accelerator)
    job.pieces["train"] = _rows(job, network)
    return (yield from _trained(job, network, tokenizer, accelerator))


def _network(job: Job, accelerator: Accelerator) -> writers.Network:
    how = quantizing.how(job.settings["quantize"], accelerator.device)
    network = writers.Network(_writer(job, **how), job.about).to(accelerator.device)
    if job.settings["checkpointing"]:
        backbone.save_memory(network)
    return network


def _writer(job: Job, **how: Any) -> Any:
    try:
        return writers.writer_of(job.base, job.about["objective"], **how)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        missing = "weights that can be loaded"
        raise Problem(
            "base.broken", base=job.base.name, base_id=job.spec.base, missing=missing
        ) from error


def settled(job: Job) -> tuple[Any, dict[str, Any]]:
    """The tokenizer and the settings; what the head has to know is written into `about`."""
    spec, tokenizer = job.spec, backbone.tokenizer(job.base)
    config = AutoConfig.from_pretrained(job.base, local_files_only=True)
    objective = prompts.SEQ2SEQ if config.is_encoder_decoder else prompts.CAUSAL
    chosen = defaults.settings(
        spec.effort, len(job.rows["train"]), spec.settings, "text", objective
    )
    if spec.settings.get("learning_rate") is None:
        width = int(getattr(config, "hidden_size", 0) or 0)
        rate, method = chosen["learning_rate"], chosen["method"]
        chosen["learning_rate"] = generative_defaults.rate_for(rate, objective, method, width)
    clashes.check("text", chosen)
    quantizing.check(chosen["quantize"])
    chosen["max_length"] = min(chosen["max_length"], jobs.room(job, tokenizer, chosen))
    chosen["precision"] = backbone.precision(chosen["precision"])
    job.about |= {
        "objective": objective,
        "max_length": chosen["max_length"],
        "max_new_tokens": chosen["max_new_tokens"],
        "pad": _pad(tokenizer),
        "template": _template(job, objective),
        "system": spec.system,
    }
    return tokenizer, chosen


def previewed(spec: Spec, count: int, bases_dir: str) -> dict[str, Any]:
    """How the first training rows are read: {"template", "rows": [{"tokens", "loss", "cut", "parts"}]}.

    `parts` are the tokens as text, each with whether it carries loss. Raises Problem(`base.*`, `prompt.field`).
    """
    job = Job(spec, Path(), jobs.task_of(spec))
    job.variant = job.task.variant(version.about(spec.version).variant)
    stored = (row for row in version.read(spec.version) if row.split == "train")
    rows = [Row(row.row, row.file, row.line, row.values) for row in islice(stored, count)]
    job.rows = {"train": rows}
    job.about = jobs.about(job)
    job.base = Path(spec.base_folder or catalogue.locate(spec.base, bases_dir))
    tokenizer, _chosen = settled(job)
    found = []
    for row in rows:
        pieces = text.pieces(tokenizer, [row.values], job.about["max_length"], job.about)
        found.append(
            {
                "tokens": sum(len(piece["ids"]) + len(piece.get("labels", ())) for piece in pieces),
                "loss": sum(
                    sum(piece.get("loss") or [1] * len(piece["labels"])) for piece in pieces
                ),
                "cut": any("cut" in piece for piece in pieces),
                "parts": preview.preview(tokenizer, row.values, job.about),
            }
        )
    return {"template": job.about["template"], "max_length": job.about["max_length"], "rows": found}


def prepare(job: Job) -> Generator[Event, None, Any]:
    """Freezes what is chosen, makes pieces of all rows; returns the tokenizer."""
    tokenizer, chosen = settled(job)
    jobs.freeze(job, chosen)
    cut = counted = 0
    for split, rows, tokens in (("train", None, None), ("valid", *VALID), ("test", *LOSS)):
        found = _pieces(job, tokenizer, spread(job.rows[split], rows), tokens)
        job.pieces[split] = found
        counted += len({piece["row"] for piece in found})
        cut += len({piece["row"] for piece in found if "cut" in piece})
    job.truncated = round(cut / max(1, counted), 6)
    if cut:
        yield job.note("train.truncated", rows=cut, max_length=chosen["max_length"])
    return tokenizer


def _pieces(
    job: Job, tokenizer: Any, rows: Sequence[Row], tokens: int | None
) -> list[dict[str, Any]]:
    """Of the rows, or of as many of them, evenly from all, as have so many tokens."""
    records = [row.values for row in rows]
    found = text.pieces(tokenizer, records, job.about["max_length"], job.about)
    total = sum(len(piece["ids"]) + len(piece.get("labels", ())) for piece in found)
    if tokens is not None and total > tokens:
        kept = {row.row for row in spread(rows, max(1, len(rows) * tokens // total))}
        found = [piece for piece in found if rows[piece["row"]].row in kept]
    # `size` is of the loss of each token, which nobody asks for.
    return [_without(piece, "size") for piece in found]


def _without(piece: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in piece.items() if key != name}


def _pad(tokenizer: Any) -> int:
    found = tokenizer.pad_token_id
    return int(found if found is not None else tokenizer.eos_token_id or 0)


def _template(job: Job, objective: str) -> str:
    """The person's own or the task's. Raises Problem(`prompt.field`)."""
    inputs, wanted = job.learner.inputs, job.spec.prompt
    if not wanted or prompts.is_talk(job.about):
        return prompts.default_template(job.spec.task, job.about["language"], objective, inputs)
    try:
        prompts.check_template(wanted, inputs)
    except ValueError as error:
        known = ", ".join(f"{{{role}}}" for role in inputs)
        raise Problem("prompt.field", field=str(error), known=known) from None
    return wanted


def spread(rows: Sequence[Row], most: int | None) -> list[Row]:
    """At most so many of the rows, evenly from all of them: always the same ones."""
    if most is None or len(rows) <= most:
        return list(rows)
    return [rows[int(place)] for place in np.linspace(0, len(rows) - 1, most)]


def untouched(job: Job, network: Any, tokenizer: Any) -> Generator[Event, None, Written]:
    """What the base writes as it comes, and what costs nothing."""
    begin, learner = time.monotonic(), job.learner
    rows = [learner.asks(row) for row in spread(job.rows["test"], job.settings["tested"])]
    found = Written(rows, job.pieces["test"])
    if known_before := resuming.read_baselines(job):
        return _remembered(job, found, *known_before)
    simple = learner.simple(job.rows["train"], rows, job.about, job.spec.seed)
    network.eval()
    known = {"perplexity": writers.perplexity(network, found.loss)[0]}
    writer = writers.Writer(network.base, tokenizer, job.about)
    found.before = yield from written(job, writer, rows, "baselines")
    for name, texts in {**simple, "base": found.before}.items():
        more = known if name == "base" else {"perplexity": 0.0}
        found.metrics[name] = learner.score(rows, texts, job.about) | more
        found.hits[name] = learner.hits(rows, texts, job.about)
    job.seconds["baselines"] = round(time.monotonic() - begin, 3)
    state = {"metrics": found.metrics, "before": found.before, "seconds": job.seconds["baselines"]}
    resuming.write_baselines(job, state, resuming.hits_as_tensors(found.hits))
    return found


def _remembered(
    job: Job, found: Written, state: Mapping[str, Any], tensors: Mapping[str, Any]
) -> Written:
    job.seconds["baselines"] = state["seconds"]
    hits = resuming.hits_of(tensors, state["metrics"])
    return replace(found, metrics=state["metrics"], before=state["before"], hits=hits)


def written(
    job: Job, writer: writers.Writer, rows: Sequence[Row], during: str
) -> Generator[Event, None, list[str]]:
    """One text a row, with a sign of life in between. The first PROOF rows are written together, as the proof does."""
    texts: dict[int, str] = {}
    for start, end in ((0, PROOF), (PROOF, len(rows))):
        records = [row.values for row in rows[start:end]]
        if not records:
            continue
        asked = text.prompts(writer.tokenizer, records, job.about["max_length"], job.about)
        for place, said in writer.texts(asked):
            texts[start + place] = said
            yield jobs.stage(during, len(texts) / len(rows))
    return [texts[place] for place in range(len(rows))]


def _trained(
    job: Job, network: Any, tokenizer: Any, accelerator: Accelerator
) -> Generator[Event, None, loop.Outcome]:
    # Whatever was written before, as in a run, or not, as in a trial of a search: the training is the same.
    backbone.seed(job.spec.seed)

    def judge(network: Any, accelerator: Accelerator) -> loop.Judged:
        if not job.pieces["valid"]:
            return loop.Judged()
        network.eval()
        with accelerator.autocast():
            found, _ = writers.perplexity(network, job.pieces["valid"])
        loss = math.log(max(found, 1.0))
        return loop.Judged(loss, {"perplexity": found}, -loss)

    valid = job.pieces["valid"]
    tokens = sum(len(piece["ids"]) for piece in valid)
    data = loop.Data(job.pieces["train"], judge, len(valid), tokens)
    if job.settings["method"] == "full":
        return (
            yield from followed(
                job,
                network,
                data,
                accelerator,
                keeping.Whole(
                    job.folder / export.CHECKPOINT, lambda: _kept(job, network, tokenizer)
                ),
            )
        )
    return (yield from _adapted(job, network, tokenizer, accelerator, data))


def _rows(job: Job, network: Any) -> list[dict[str, Any]]:
    """The training pieces; several in one row of tokens, where that is wanted and the base reads them apart."""
    wanted = job.settings["packing"] and job.about["objective"] == prompts.CAUSAL
    if not wanted or not packing.packs(network.eval()):
        return job.pieces["train"]
    return [
        _without(piece, "size")
        for piece in packing.packed(job.pieces["train"], job.about["max_length"])
    ]


def _kept(job: Job, network: Any, tokenizer: Any) -> None:
    state = shards.state_of(network.base) if shards.divided(network) else None
    if state is None or distributed.leads():
        export.checkpoint(job.folder, network, tokenizer, job.about, state=state)


def _adapted(
    job: Job, network: Any, tokenizer: Any, accelerator: Accelerator, data: loop.Data
) -> Generator[Event, None, loop.Outcome]:
    """With an adapter beside the frozen base; the best one is put into the weights at the end."""
    method = job.settings["method"]
    adapters.begin(network, job.settings, job.pieces["train"], tokenizer.all_special_ids)
    network.to(accelerator.device)
    divided = distributed.divides(job.settings["sharding"])
    altered = divided or job.settings["quantize"] != quantizing.NONE
    if job.settings["precision"] == "bf16" and method in ("lora", "rslora") and not altered:
        adapters.lighter(network)
    best = keeping.Beside(network)
    outcome = yield from followed(job, network, data, accelerator, best)
    if divided and not distributed.leads():
        return outcome
    if altered:  # what was learnt is whole in memory; the base as it came is put under it
        network = best.network = writers.Network(_writer(job), job.about)
        adapters.begin(network, job.settings, job.pieces["train"], tokenizer.all_special_ids)
    best.put()
    folder = adapters.save_adapter(network, job.folder / ".adapter.part", job.spec.base)
    network.cpu()
    about = dict(job.about)
    if method in clashes.SOFT:
        about |= adapters.apart(network)
    else:
        adapters.merged(network, _writer(job))
    export.checkpoint(job.folder, network, tokenizer, about, folder)
    shutil.rmtree(folder)
    return outcome


def tested(job: Job, compared: Written, outcome: loop.Outcome) -> Generator[Event, None, Report]:
    """The saved model on the same test rows, in fp32; writes predictions.parquet."""
    begin, learner, rows = time.monotonic(), job.learner, compared.rows
    model: Any = job.head.load(job.folder / export.CHECKPOINT)
    known = writers.perplexity(model.network, compared.loss)[0]
    writer = model.writer()
    texts = yield from written(job, writer, rows, "testing")
    metrics = learner.score(rows, texts, job.about) | {"perplexity": known}
    hits = learner.hits(rows, texts, job.about)
    answers = text.answers(texts, [row.values for row in rows], job.about)
    reports.write_predictions(job, rows, answers, hits, compared.before)
    job.seconds["test"] = round(time.monotonic() - begin, 3)
    verdict = scoring.verdict(hits, compared.hits, job.spec.seed)
    details = reports.details(job, outcome, verdict)
    details |= reports.intervals(job, {"model": hits, **compared.hits})
    details |= {"template": job.about["template"], "loss_rows": len(compared.loss)}
    return Report(
        task=job.spec.task,
        test_rows=len(rows),
        metrics=metrics,
        baselines=compared.metrics,
        seconds=job.seconds,
        details=details,
    )

"""The model card in Markdown, which travels with the model."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from string import Template
from typing import Any

from training import catalogue, clashes, heads
from training.events import Report
from training.fit.job import Job
from training.tasks.shape import picked

NAMES = {
    "majority": "the commonest answer",
    "tfidf": "words counted (TF-IDF)",
    "base": "the base, not fine-tuned",
    "dictionary": "a dictionary of the training rows",
    "lead": "the first three sentences",
    "copy": "the input as it is",
    "overlap": "the sentence with the most words of the question",
}
PER_LABEL = """
| label | precision | recall | F1 | test rows |
|---|---|---|---|---|
$rows
"""


BESIDE = """
The weights of the base are as they came. What was trained are $count virtual tokens that are read before every text;
they lie in `adapter/`, as peft writes them. They cannot be merged into the weights: whoever loads `model.safetensors`
alone has the untrained base. `predict.py` reads both; where there is an `adapter/adapter_config.json`, so does peft:
`PeftModel.from_pretrained(base, "adapter")`.
"""


def card(job: Job, report: Report) -> str:
    base, rows = catalogue.BASES.get(job.spec.base), report.details["rows"]
    settings = job.settings | {"seed": job.spec.seed, "effort": job.spec.effort}
    listed = "\n".join(f"- {name}: {value}" for name, value in settings.items())
    names = job.learner.summary
    values = {
        "task": job.task.name,
        "title": job.task.title,
        "licence": base.licence if base else "a licence of its own",
        "licence_tag": base.licence.lower() if base else "other",
        "base_title": base.title if base else job.spec.base,
        "labels": f", with {len(job.labels)} labels" if job.labels else "",
        "version": own_version(),
        "train_rows": rows["train"],
        "valid_rows": rows["valid"],
        "test_rows": rows["test"],
        "figures": " | ".join(name.replace("_", " ") for name in names),
        "rule": "---|" * len(names),
        "compared": compared(names, report),
        "per_label": per_label(report.metrics),
        "columns": ", ".join(
            f"`{cell(job.about['columns'].get(r, r))}`" for r in job.learner.inputs
        ),
        "added": ", ".join(f"`{cell(name)}`" for name in added(job)),
        "example": example(job),
        "max_length": job.settings["max_length"],
        "truncated": percent(job.truncated),
        "kind": "A draft over the unchanged" if "draft" in report.details else "A fine-tuned",
        "training": f"{_made(report)}\n{_beside(job)}\n{listed}",
    }
    return Template((heads.FILES / "card.md").read_text(encoding="utf-8")).substitute(values)


def _made(report: Report) -> str:
    best, run = report.details["best_epoch"], report.details["epochs_run"]
    if "draft" in report.details:
        return "A draft: a linear model over the base as it is, the best of some on validation."
    return f"The weights are those after epoch {best} of {run}, the best on validation."


def _beside(job: Job) -> str:
    """What a model is that is not all in its weights."""
    if job.settings.get("method") not in clashes.SOFT:
        return ""
    return Template(BESIDE).substitute(count=job.settings["virtual_tokens"])


def added(job: Job) -> list[str]:
    """Names of the columns that predict.py adds, the many of the labels as one."""
    names = job.head.form[0](job.about)
    own = [name for name in names if not name.startswith("p_")]
    return [*own, "p_<label>"] if len(own) < len(names) else own


def example(job: Job) -> str:
    inputs = job.learner.inputs
    return '["a text"]' if len(inputs) == 1 else str([{role: "…" for role in inputs}])


def cell(text: str) -> str:
    """A text that stays in its cell of a Markdown table."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def figure(name: str, value: float) -> str:
    """Scores from 0 to 1 as per cent; those of translation and summaries come from 0 to 100, losses as they are."""
    return f"{value:.2f}" if name in PLAIN else percent(value)


PLAIN = {"bleu", "chrf", "rouge1", "rouge2", "rougeL", "perplexity", "loss"}


def per_label(metrics: Mapping[str, Any]) -> str:
    """The card's table of labels, where there are any."""
    found = metrics.get("per_label") or {}
    rows = [
        f"| {cell(label)} | {percent(row['precision'])} | {percent(row['recall'])} | {percent(row['f1'])} "
        f"| {row['support']} |"
        for label, row in found.items()
    ]
    return Template(PER_LABEL).substitute(rows="\n".join(rows)) if rows else ""


def compared(names: Mapping[str, str], report: Report) -> str:
    """Rows of the card's table: this model and what it is compared with."""
    found = {"this model": report.metrics}
    found |= {NAMES.get(name, name): scores for name, scores in report.baselines.items()}
    return "\n".join(
        f"| {title} | "
        + " | ".join(figure(n, picked(scores, path)) for n, path in names.items())
        + " |"
        for title, scores in found.items()
    )


def own_version() -> str:
    try:
        return installed("attune")
    except PackageNotFoundError:  # run from a checkout
        return "(development version)"

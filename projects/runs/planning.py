"""What a run is going to be: its spec, its base model, and how long it will take here."""

from __future__ import annotations

import json
import logging
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings as site
from django.db.models import F
from django.template.defaultfilters import filesizeformat

from projects.datasets.models import DatasetVersion, HealthReport
from projects.datasets.selectors import draftable
from projects.jobs import hardware
from projects.jobs.health import DRAFT
from projects.models import Project
from projects.runs import folders
from projects.runs.models import Follows, Run, Status
from projects.selectors import task_of
from training import catalogue, draft, pivots
from training import estimate as estimating
from training.catalogue import Base
from training.coding.sequence import SINGLE
from training.problems import Problem
from training.problems import resuming as reasons
from training.problems.machine import NO_GPU, NO_LIBRARY
from training.spec import EFFORTS, Spec, from_dict
from training.tasks.shape import Learner
from web.errors import words

log = logging.getLogger(__name__)
ROWS = ("train", "valid", "test")
PATHS = (
    "version",
    "train",
    "valid",
    "test",
    "base_folder",
    "continues",
    "smaller",
    "encoding",
    "delimiter",
    "format",
    "header",
    "columns",
)
LATEST = 10  # past runs whose ratio of real to estimated seconds corrects the estimate
BOUNDS = (0.2, 5.0)  # of that correction
SURE = 5  # runs from which their spread is the interval of the estimate
LEAST_SPREAD = 0.15  # of an interval, on either side: no two runs meet the same machine


@dataclass(frozen=True)
class Choice:
    """A base model as the wizard offers it. `reason` and `values`: why it cannot be chosen, a problem or nothing."""

    base: Base
    reason: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    fetched: bool = True  # its files are here; else the run fetches `base.download` bytes first

    @property
    def available(self) -> bool:
        return not self.reason

    @property
    def why(self) -> str:
        return words(self.reason, dict(self.values))["found"] if self.reason else ""


def spec(
    project: Project,
    *,
    base: str,
    effort: str,
    seed: int,
    settings: Mapping[str, Any],
    prompt: str = "",
    system: str = "",
    search: Mapping[str, Any] | None = None,
) -> Spec:
    """Checked; raises Problem(`spec.*`)."""
    given = {"task": project.task, "base": base, "effort": effort, "seed": seed}
    asked = {"prompt": prompt, "system": system, "search": dict(search or {})}
    return from_dict({**given, **asked, "settings": dict(settings)})


def portable(spec: Spec) -> dict[str, Any]:
    """Without paths: where files lie is looked up when the run starts."""
    return {name: value for name, value in spec.as_dict().items() if name not in PATHS}


def runnable(run: Run, version: Path) -> Spec:
    """With the paths of this machine. Raises Problem(`base.missing`, `base.broken`)."""
    given = from_dict({**run.spec, "version": str(version), "continues": _continued(run)})
    if catalogue.available(given.base, site.BASES_DIR) and _is_here(given.base):
        return replace(given, base_folder=str(catalogue.locate(given.base, site.BASES_DIR)))
    return given


def _continued(run: Run) -> str:
    """The folder of the run to which this one adds epochs. Raises Problem(`run.epochs`)."""
    if run.follows != Follows.EXTEND:
        return ""
    found = folders.trained(run.origin) if run.origin else None
    if found is None:
        raise Problem("run.epochs", reason=reasons.UNKEPT)
    return str(found.parent)


def cluster(spec: Mapping[str, Any]) -> str:
    """Of the queue: a draft never waits behind hours of training."""
    return DRAFT if spec.get("effort") == draft.EFFORT else hardware.cluster()


def head_of(version: DatasetVersion | None) -> str:
    """The head that is trained on such data; what does not know one of the settings is not asked for it."""
    learner = learner_of(version)
    return learner.head if learner else "sequence"


def learner_of(version: DatasetVersion | None) -> Learner | None:
    return task_of(version.project).variant(version.variant).learner if version else None


def check_effort(spec: Spec, version: DatasetVersion) -> None:
    """Raises Problem(`draft.task`)."""
    if spec.effort == draft.EFFORT and not draftable(version):
        raise Problem("draft.task", task=spec.task)


def efforts(version: DatasetVersion) -> list[str]:
    """Those that such data can have, the quickest first."""
    return [name for name in EFFORTS if name != draft.EFFORT or draftable(version)]


def _is_here(base: str) -> bool:
    folder = catalogue.place(catalogue.find(base, site.BASES_DIR), site.BASES_DIR)
    return folder is not None and folder.is_dir()


def check_base(spec: Spec, variant: str = "") -> None:
    """Raises Problem(`base.unknown`, `base.task`, `base.missing`, `base.broken`)."""
    base = catalogue.find(spec.base, site.BASES_DIR)
    if not catalogue.suits(base, spec.task, variant):
        raise Problem("base.task", base=base.title, task=spec.task)
    if found := _missing(base) or _too_large(base):
        raise found
    if not catalogue.available(base.id, site.BASES_DIR):
        catalogue.locate(base.id, site.BASES_DIR)


def bytes_kept(spec: Spec) -> int:
    """On the disk, about, while it runs: a checkpoint, the model and its zip."""
    return 3 * catalogue.find(spec.base, site.BASES_DIR).size


def choices(task: str, version: DatasetVersion | None = None, variant: str = "") -> list[Choice]:
    """Every base model: those that can be chosen first, of them those for the data's language; why the others can't.

    Where no base was made for the language, all that suit the task are offered: one of them may learn it.
    """
    bases = list(catalogue.every(site.BASES_DIR).values())
    variant = variant or (version.variant if version else "")
    language = language_of(version)
    suited = [base for base in bases if not _unfit(base, task, variant)]
    reading = [base for base in suited if _reads(base, language)]
    offered = []
    for base in bases:
        found = _unfit(base, task, variant)
        if not found and reading and base not in reading:
            found = Problem("base.unread", base=base.title, languages=", ".join(base.languages))
        here = catalogue.is_here(base, site.BASES_DIR)
        reason, values = (found.code, found.values) if found else ("", {})
        offered.append(Choice(base, reason, values, here))
    return sorted(offered, key=_rank)


def _rank(choice: Choice) -> tuple[bool, bool, bool]:
    """What was made for another task comes last of all."""
    return not choice.available, choice.reason == "base.kind", not choice.fetched


def _unfit(base: Base, task: str, variant: str) -> Problem | None:
    if not catalogue.suits(base, task, variant):
        return Problem("base.kind", base=base.title)
    return _too_large(base) or _missing(base)


def _missing(base: Base) -> Problem | None:
    if catalogue.available(base.id, site.BASES_DIR):
        return None
    if client := catalogue.missing_client(base):
        return Problem("base.client", base=base.title, client=client)
    folder = str(catalogue.place(base, site.BASES_DIR))
    return Problem("base.missing", base=base.title, base_id=base.id, folder=folder)


def _too_large(base: Base) -> Problem | None:
    """Memory of the machine, not what is free just now: that changes until the run starts."""
    there = psutil.virtual_memory().total
    if base.memory <= there:
        return None
    wanted, found = filesizeformat(base.memory), filesizeformat(there)
    return Problem("base.memory", base=base.title, wanted=wanted, found=found)


def language_of(version: DatasetVersion | None) -> str:
    """The language of most texts, as the close look found it; else what their script tells, else nothing."""
    if version is None:
        return ""
    report = HealthReport.objects.filter(version=version).only("stats").first()
    languages = (report.stats.get("languages") if report else None) or {}
    told = [name for name in languages if name != "und"]
    if told:
        return str(told[0])
    scripts = version.stats.get("scripts") or {}
    main = max(scripts, key=lambda name: scripts[name], default="")
    return {"latin": "en", "cjk": "zh"}.get(main, "")


def _reads(base: Base, language: str) -> bool:
    return not language or language in base.languages or "mul" in base.languages


@dataclass(frozen=True)
class Learnt:
    """What earlier runs of this machine tell about the next estimate. `spread`: its interval as shares, if known."""

    factor: float = 1.0  # for the seconds
    memory: float = 1.0
    spread: tuple[float, float] | None = None


def estimate(
    version: DatasetVersion, spec: Spec, known: Learnt | None = None
) -> estimating.Estimate:
    """Seconds and bytes on this machine: measured speed, corrected by how right earlier estimates were."""
    asked = _asked(version, spec)
    most = min(devices(spec), devices_here())
    found = _estimated(_stats(version), replace(spec, settings={**asked, "devices": most}))
    by = learnt(spec.base, spec.effort) if known is None else known
    found = replace(found.times(by.factor, by.spread), memory=int(found.memory * by.memory))
    return estimating.searched(found, spec.search)


def _asked(version: DatasetVersion, spec: Spec) -> dict[str, Any]:
    """The settings; several ways of training are tried only of one text with one label."""
    learner = task_of(version.project).variant(version.variant).learner
    single = learner is not None and learner.objective == SINGLE and len(learner.inputs) == 1
    return dict(spec.settings) if single else {"few_shot": "off", **spec.settings}


def kept(found: estimating.Estimate, known: Learnt) -> dict[str, Any]:
    """As a run keeps it, to be shown beside what it took, and to learn from."""
    names = ("seconds", "low", "high", "measured", "memory", "devices", "minutes")
    # What it was corrected by: without it the correction would correct itself away.
    return {name: getattr(found, name) for name in names} | {"memory_factor": known.memory}


def _estimated(stats: Mapping[str, Any], spec: Spec) -> estimating.Estimate:
    """An estimate is worth less than a start: where none can be made, a wide one stands in."""
    try:
        return estimating.seconds(stats, calibration(), spec.effort, spec.base, spec.settings)
    except Problem:
        raise
    except Exception:
        log.exception("No estimate for %s on %s", spec.task, spec.base)
        rows = sum(int((stats.get(name) or {}).get("rows") or 0) for name in ROWS)
        return estimating.Estimate(60.0 + rows, 30.0 + rows / 4, 120.0 + 4 * rows, False)


def by_effort(version: DatasetVersion, spec: Spec) -> dict[str, estimating.Estimate]:
    known = learnt(spec.base)
    found = {}
    for name in efforts(version):
        if name == draft.EFFORT and spec.search:  # which has nothing to search in
            continue
        by = learnt(spec.base, name) if name == draft.EFFORT else known
        found[name] = estimate(version, replace(spec, effort=name), by)
    return found


def learnt(base: str, effort: str = "") -> Learnt:
    """The median of real to uncorrected estimated seconds over the latest runs with this base, or with any where
    there are few; and how far they lie apart. Nothing is learnt of fewer than two.

    Drafts, which do not train, say nothing about the others, nor these about them.
    """
    drafts = {"spec__effort": draft.EFFORT}
    done = Run.objects.filter(
        status=Status.SUCCEEDED,
        total_seconds__gt=0,
        estimated_seconds__gt=0,
        estimate_factor__gt=0,
    ).order_by("-ended_at")
    done = done.filter(**drafts) if effort == draft.EFFORT else done.exclude(**drafts)
    ratio = F("total_seconds") * F("estimate_factor") / F("estimated_seconds")
    columns = ("ratio", "report__memory", "estimate__memory", "estimate__memory_factor")
    rows = list(done.filter(spec__base=base).annotate(ratio=ratio).values_list(*columns)[:LATEST])
    if len(rows) < 2:
        rows = list(done.annotate(ratio=ratio).values_list(*columns)[:LATEST])
    if len(rows) < 2:
        return Learnt()
    ratios = [one for one, *_memory in rows]
    held = [real / said * by for _one, real, said, by in rows if real and said and by]
    memory = _within(statistics.median(held)) if len(held) > 1 else 1.0
    return Learnt(_within(statistics.median(ratios)), memory, _spread(ratios))


def _within(factor: float) -> float:
    return min(max(factor, BOUNDS[0]), BOUNDS[1])


def _spread(ratios: list[float]) -> tuple[float, float] | None:
    """Between which shares of the usual one nearly all lie; None for too few to tell."""
    if len(ratios) < SURE:
        return None
    middle = statistics.median(ratios)
    low, high = min(ratios) / middle, max(ratios) / middle
    return min(low, 1 - LEAST_SPREAD), max(high, 1 + LEAST_SPREAD)


def devices_here() -> int:
    """GPUs that one run may have on this machine; 1 on a processor."""
    return max(1, len(site.GPUS))


def check_devices(spec: Spec) -> None:
    """Raises Problem(`train.devices`) for more than there are."""
    wanted, here = devices(spec), devices_here()
    if wanted > here:
        raise Problem("train.devices", wanted=wanted, found=here)


def unquantized() -> str:
    """Why a base cannot be held in fewer bits on this machine; "" where it can."""
    if not site.GPUS:
        return NO_GPU
    return "" if find_spec("bitsandbytes") else NO_LIBRARY


def check_quantize(spec: Spec) -> None:
    """Raises Problem(`train.quantize`)."""
    wanted = spec.settings.get("quantize", "none")
    if wanted != "none" and (reason := unquantized()):
        raise Problem("train.quantize", wanted=wanted, reason=reason)


def translates_back() -> bool:
    """Whether two translation models of this machine go there and back."""
    return bool(pivots.pairs(site.BASES_DIR))


def devices(spec: Spec) -> int:
    return 1 if spec.search else int(spec.settings.get("devices") or 1)


def devices_of(run: Run) -> int:
    """Those that it uses all the time."""
    given = run.spec.get("settings") or {}
    return 1 if run.spec.get("search") else int(given.get("devices") or 1)


def calibration() -> dict[str, Any]:
    """What `python -m training calibrate` measured here; empty before it has."""
    try:
        found = json.loads(Path(site.CALIBRATION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _stats(version: DatasetVersion) -> dict[str, Any]:
    """The version's statistics, or its counts where it has none."""
    counts = {name: {"rows": rows} for name, rows in version.splits.items()}
    return {**counts, "labels": len(version.labels), **(version.stats or {})}


def title(base: str) -> str:
    """What a base model is called; its id when the catalogue has it no more."""
    found = catalogue.every(site.BASES_DIR).get(base)
    return found.title if found else base


def known(base: str, task: str, variant: str = "") -> str:
    """`base` when the catalogue offers it for such data, else the default."""
    found = catalogue.every(site.BASES_DIR).get(base)
    fits = found is not None and catalogue.suits(found, task, variant)
    return base if fits else catalogue.default_for(task, variant)

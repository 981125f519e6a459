"""Every limit and feature of a plan, declared once: its words, its unit, and where it is checked.

The form in the admin, the rows of the pricing page, the page of usage, the API and the documentation are all made of
these two tables; a test fails where an entry has no words or its check is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

BYTES, DAYS, MINUTES, COUNT, SHARE = "bytes", "days", "minutes", "", "times"
LARGE = "millions"  # a number that is written by the million


@dataclass(frozen=True)
class Limit:
    """One limit. `field` is the column of Plan; None in it means unlimited."""

    name: str
    field: str
    label: Any
    help: Any
    check: str  # "module:function" that keeps it
    unit: str = COUNT
    monthly: bool = False
    problem: str = ""  # by which it is refused; "" where nothing is refused
    single: bool = False  # of one run or one file: nothing adds up
    later: bool = False  # what it limits is not there yet


@dataclass(frozen=True)
class Feature:
    name: str
    label: Any
    help: Any
    check: str
    later: bool = False


def _limits(*limits: Limit) -> dict[str, Limit]:
    return {limit.name: limit for limit in limits}


LIMITS: dict[str, Limit] = _limits(
    Limit(
        "projects",
        "max_projects",
        _("Projects"),
        _("Projects that a workspace has at the same time."),
        "billing.services:check_projects",
        problem="quota.projects",
    ),
    Limit(
        "members",
        "max_members",
        _("Members"),
        _("People in a workspace, guests among them."),
        "billing.services:check_members",
        problem="quota.members",
    ),
    Limit(
        "rows",
        "max_rows",
        _("Rows a dataset"),
        _("Rows of one version of a dataset."),
        "billing.services:check_rows",
        problem="quota.rows",
        single=True,
    ),
    Limit(
        "dataset",
        "max_dataset_bytes",
        _("Size of a dataset"),
        _("Bytes of one file of data as it is uploaded."),
        "billing.services:check_dataset",
        unit=BYTES,
        problem="quota.dataset",
        single=True,
    ),
    Limit(
        "storage",
        "max_storage_bytes",
        _("Storage"),
        _("Bytes of uploads, versions of data and models together."),
        "billing.services:check_storage",
        unit=BYTES,
        problem="quota.storage",
    ),
    Limit(
        "runs",
        "max_concurrent_runs",
        _("Runs at the same time"),
        _("Runs that are queued or running; more of them wait."),
        "billing.holding:no_room",
        problem="quota.runs",
    ),
    Limit(
        "minutes",
        "max_training_minutes",
        _("Training minutes a month"),
        _("Minutes of training on processors, from the first of a calendar month."),
        "billing.holding:no_room",
        unit=MINUTES,
        monthly=True,
        problem="quota.minutes",
    ),
    Limit(
        "gpu_minutes",
        "max_gpu_minutes",
        _("GPU minutes a month"),
        _("Minutes of training on GPUs; a minute on two of them is two."),
        "billing.holding:no_room",
        unit=MINUTES,
        monthly=True,
        problem="quota.gpu_minutes",
    ),
    Limit(
        "run_minutes",
        "max_run_minutes",
        _("Minutes a run"),
        _("A run that takes longer ends there, and can go on with a larger plan."),
        "billing.services:run_limits",
        unit=MINUTES,
        problem="run.time_limit",
        single=True,
    ),
    Limit(
        "run_memory",
        "max_run_memory_bytes",
        _("Memory a run"),
        _("Bytes of memory that a run may take."),
        "billing.services:run_limits",
        unit=BYTES,
        problem="run.memory_limit",
        single=True,
    ),
    Limit(
        "devices",
        "max_devices",
        _("Devices of a run"),
        _("GPUs that one run may use together."),
        "billing.services:check_devices",
        problem="quota.devices",
        single=True,
    ),
    Limit(
        "parameters",
        "max_base_parameters",
        _("Parameters of a base model"),
        _("The largest base model that can be fine-tuned."),
        "billing.services:check_base",
        unit=LARGE,
        problem="quota.parameters",
        single=True,
    ),
    Limit(
        "predictions",
        "max_predictions",
        _("Predictions a month"),
        _("Texts that models of the workspace have answered to, from the first of a month."),
        "billing.metering:used",
        monthly=True,
        problem="quota.predictions",
    ),
    Limit(
        "tokens",
        "max_tokens",
        _("Tokens a month"),
        _("Tokens that were read and written for predictions, from the first of a month."),
        "billing.metering:used",
        monthly=True,
        problem="quota.tokens",
    ),
    Limit(
        "endpoints",
        "max_endpoints",
        _("Endpoints"),
        _("Models that are published under an address of their own."),
        "billing.services:check_endpoints",
        problem="quota.endpoints",
        later=True,
    ),
    Limit(
        "log_days",
        "request_log_days",
        _("Days of the request log"),
        _("For how long requests to an endpoint can be looked up."),
        "billing.services:log_days",
        unit=DAYS,
        single=True,
        later=True,
    ),
    Limit(
        "keep_days",
        "keep_models_days",
        _("Days that models are kept"),
        _("A model that is older is removed; its report and its predictions stay."),
        "projects.housekeeping.keeping:expired",
        unit=DAYS,
        single=True,
    ),
    Limit(
        "share",
        "share",
        _("Share of the machines"),
        _("While runs wait, a plan with 2 gets twice the training time of one with 1."),
        "billing.services:shares",
        unit=SHARE,
        single=True,
    ),
)


def _features(*features: Feature) -> dict[str, Feature]:
    return {feature.name: feature for feature in features}


FEATURES: dict[str, Feature] = _features(
    Feature(
        "lora",
        _("LoRA and adapters"),
        _("Fine-tuning of large models by a small part of their weights."),
        "projects.runs.allowed:check",
    ),
    Feature(
        "search",
        _("Search for settings"),
        _("Many tries with different settings, of which the best is kept."),
        "projects.runs.allowed:check",
    ),
    Feature(
        "several_gpus",
        _("Several GPUs a run"),
        _("One run on more than one GPU."),
        "projects.runs.allowed:check",
    ),
    Feature(
        "private_endpoints",
        _("Private endpoints"),
        _("Endpoints that only the workspace's own tokens open."),
        "billing.services:check_feature",
        later=True,
    ),
    Feature(
        "sso",
        _("Single sign-on"),
        _("Signing in by the company's own directory."),
        "billing.services:check_feature",
    ),
    Feature(
        "audit_export",
        _("Export of the audit trail"),
        _("Who did what and when, as a file."),
        "billing.services:check_feature",
    ),
)


@dataclass(frozen=True)
class Metered:
    """What is booked in the ledger. Its price is for `per` of its units beyond what the limit includes."""

    name: str  # as the ledger calls it
    limit: str  # name in LIMITS
    price: str  # column of Plan: minor units for `per` units, a Decimal; None in it: nothing beyond the limit
    per: int
    label: Any
    unit: Any  # in which `per` units are one


METERED: dict[str, Metered] = {
    one.name: one
    for one in (
        Metered(
            "training_seconds",
            "minutes",
            "price_minute",
            60,
            _("Training on processors"),
            _("minutes"),
        ),
        Metered(
            "gpu_seconds",
            "gpu_minutes",
            "price_gpu_minute",
            60,
            _("Training on GPUs"),
            _("minutes"),
        ),
        Metered(
            "predictions",
            "predictions",
            "price_predictions",
            1000,
            _("Predictions"),
            _("thousands"),
        ),
        Metered("tokens", "tokens", "price_tokens", 1000, _("Tokens"), _("thousands")),
    )
}

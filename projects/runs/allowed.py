"""What the plan allows of a run that is to start: its base model, its devices, and the features it uses."""

from __future__ import annotations

from django.conf import settings as site

from accounts.models import Workspace
from billing.services import check_base, check_devices, check_feature
from projects.runs import planning
from training import catalogue
from training.spec import Spec

WHOLE = (
    "auto",
    "full",
)  # of the setting `method`: all weights are trained, or it is our own choice


def check(workspace: Workspace, spec: Spec) -> None:
    """Raises Problem(`plan.feature`, `plan.base`, `quota.parameters`, `quota.devices`)."""
    base = catalogue.find(spec.base, site.BASES_DIR)
    check_base(workspace, base.id, base.title, int(base.parameters * 1_000_000))
    check_devices(workspace, planning.devices(spec))
    if spec.search:
        check_feature(workspace, "search")
    if adapts(spec):
        check_feature(workspace, "lora")


def adapts(spec: Spec) -> bool:
    """Whether only a part of the weights is asked to be trained."""
    return str(spec.settings.get("method", "auto")) not in WHOLE

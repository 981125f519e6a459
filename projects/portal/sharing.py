"""A model's public page: opt-in, at an address that nobody guesses, until it is revoked.

What the page shows is the report: scores with their intervals, labels, what is taken for what. Rows of the data are
on it only where the person has chosen them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from projects.portal.models import Demo, Share
from projects.runs import predicting, results, selectors, trying
from projects.runs.models import Run, Status
from projects.runs.names import SHARE, figure, figure_value
from projects.runs.results import Result
from training.problems import Problem

ROUNDS, SEED = 2000, 13  # of the bootstrap
LONGEST = 2000  # characters of one text that a visitor may ask with
EXAMPLES = 3


def of_run(run: Run) -> Share | None:
    return Share.objects.filter(run=run, revoked_at=None).first()


def by_token(token: str) -> Share | None:
    """Also None where the model is gone, or its workspace's plan has let it go."""
    names = ("run__project__workspace", "run__artifact", "run__version")
    found = Share.objects.select_related(*names).filter(token=token, revoked_at=None).first()
    return found if found and is_usable(found.run) else None


def is_usable(run: Run) -> bool:
    artifact = getattr(run, "artifact", None)
    return run.status == Status.SUCCEEDED and artifact is not None and artifact.removed_at is None


@transaction.atomic
def share(*, run: Run, user: User, **chosen: Any) -> Share:
    """`chosen`: title, text, listed, can_try, examples. Shared already, what was chosen is changed.

    Raises Problem(`share.model`).
    """
    if not is_usable(run):
        raise Problem("share.model", found=str(run.get_status_display()))
    fresh = {"token": secrets.token_urlsafe(24), "made_by": user}
    given = {**chosen, "facts": facts(selectors.result_of(run))}
    found = of_run(run)
    if found is None:
        try:
            with transaction.atomic():
                found = Share.objects.create(run=run, **given, **fresh)
        except IntegrityError:  # twice at once
            found = Share.objects.get(run=run, revoked_at=None)
    Share.objects.filter(pk=found.pk).update(**given)
    found.refresh_from_db()
    audit.record(
        run.project.workspace, "model.shared", user=user, about=str(run), title=found.title
    )
    return found


@transaction.atomic
def revoke(*, share: Share, user: User) -> bool:
    """From now on the address leads nowhere. Twice is harmless."""
    rows = Share.objects.filter(pk=share.pk, revoked_at=None)
    if not rows.update(revoked_at=timezone.now()):
        return False
    audit.record(share.run.project.workspace, "model.unshared", user=user, about=str(share.run))
    return True


# --- what is shown ----------------------------------------------------------------------------------------------------


def facts(result: Result) -> dict[str, Any]:
    """{"low", "high"} of the main score, where the report tells enough to know them."""
    found = interval(result)
    return {"low": found[0], "high": found[1]} if found else {}


def interval(result: Result) -> tuple[float, float] | None:
    """The 95 % interval of accuracy or of macro F1, by drawing the test rows anew: the cells of the confusion matrix
    say all that there is to draw from."""
    matrix, form = result.metrics.get("confusion"), result.main
    if not matrix or form not in ("accuracy", "macro_f1"):
        return None
    cells = np.asarray(matrix, float)
    total = int(cells.sum())
    if total < 2:
        return None
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(total, cells.ravel() / total, size=ROUNDS).reshape(-1, *cells.shape)
    scores = _accuracy(drawn) if form == "accuracy" else _macro_f1(drawn, cells)
    low, high = np.quantile(scores, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def _accuracy(drawn: Any) -> Any:
    return np.trace(drawn, axis1=1, axis2=2) / drawn.sum(axis=(1, 2))


def _macro_f1(drawn: Any, cells: Any) -> Any:
    """Of the labels that the test rows have."""
    right = np.diagonal(drawn, axis1=1, axis2=2)
    sums = drawn.sum(axis=2) + drawn.sum(axis=1)
    f1 = np.divide(2 * right, sums, out=np.zeros(right.shape), where=sums > 0)
    known = (cells.sum(axis=1) + cells.sum(axis=0)) > 0
    return f1[:, known].mean(axis=1)


def page(run: Run, given: dict[str, Any]) -> dict[str, Any]:
    """What the public page shows of a report; `given` are the facts of the share."""
    result = selectors.result_of(run)
    shown = results.context(result)
    main = figure(result.main, result.head)
    low, high = given.get("low"), given.get("high")
    ranged = low is not None and high is not None and main.form == SHARE
    names = {name: shown[name] for name in ("figures", "compared", "test_rows", "verdict")}
    return {
        **names,
        "per_label": shown.get("per_label") or [],
        "confusions": shown.get("confusions") or [],
        "has_confusion": "confusion" in result.metrics and shown["view"].name == "single",
        "interval": _("%(low)s to %(high)s")
        % {"low": figure_value(low), "high": figure_value(high)}
        if ranged
        else "",
        **box(run, result),
    }


def box(run: Run, result: Result) -> dict[str, Any]:
    """The form in which a visitor asks; a conversation cannot be had here."""
    found = trying.box(run, result, [])
    can_ask = found["widget"].form == "texts"
    boxes = [one | {"most": min(one["most"], LONGEST)} for one in found["boxes"]]
    return {"widget": found["widget"], "boxes": boxes, "can_ask": can_ask}


def answer(run: Run, data: dict[str, Any]) -> dict[str, Any]:
    """What the model says to what a visitor typed. Raises Problem (see predicting.predict)."""
    result = selectors.result_of(run)
    if not box(run, result)["can_ask"]:
        raise Problem("predict.inputs", limit=0, found=1)
    given = {role: str(data.get(role) or "") for role in predicting.required(run)}
    for number, text in enumerate(given.values(), 1):
        if len(text) > LONGEST:
            raise Problem("predict.text", limit=LONGEST, number=number, length=len(text))
    return trying.answer(run, result, given)


def test_rows(run: Run) -> list[dict[str, str]]:
    """Rows of the data that the person may choose to show: a few that the model got right."""
    try:
        return results.examples(selectors.predictions_of(run), EXAMPLES)
    except Problem:
        return []


def chosen_examples(run: Run, wanted: Sequence[str]) -> list[dict[str, str]]:
    rows = test_rows(run)
    return [row for number, row in enumerate(rows) if str(number) in wanted]


def demo() -> Demo | None:
    """The model on the landing page; None where there is none, or it is gone."""
    found = Demo.objects.select_related("run__project__workspace", "run__artifact").first()
    return found if found and is_usable(found.run) else None

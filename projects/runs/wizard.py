"""The wizard: data, model and effort, review. Each step is a page of its own; nothing is kept between them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import Action
from billing.services import allowance
from projects.datasets import diagnosis
from projects.datasets.findings import groups_of
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import versions_in
from projects.jobs.health import worker_alive
from projects.models import Project
from projects.people import user_of
from projects.runs import allowed, costs, forms, planning, prompting, services
from projects.runs.forms import (
    SEARCH,
    SETTING,
    STEPS,
    AdvancedForm,
    Choice,
    SearchForm,
    read_choice,
)
from projects.runs.names import setting_title, setting_value
from projects.selectors import project_for
from training import clashes
from training.budget import BUDGET
from training.problems import Problem
from training.spec import Spec, check_setting
from web.errors import status_of

VERSIONS = 50
ASKED = (*BUDGET, "parallel")  # of a search
SEARCHED = tuple(SEARCH + name for name in ASKED)
# The step at which a problem is mended; what is not here is told at the review.
MENDED = {
    "run.version": "data",
    "run.gate": "data",
    "spec": "model",
    "train.devices": "model",
    "train.quantize": "model",
    "quota.devices": "model",
    "quota.parameters": "model",
    "plan": "model",
    "draft": "model",
    "base": "model",
    "prompt": "model",
}


@require_http_methods(["GET", "POST"])
def train(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """GET shows a step, POST starts the run; what is wrong is shown at the step where it is mended."""
    project = project_for(request, project_id, Action.TRAIN, slug)
    versions = list(versions_in(project).select_related("health")[:VERSIONS])
    data = request.POST if request.method == "POST" else request.GET
    choice = read_choice(data, project, versions)
    try:
        _check(project, choice)
        if request.method == "POST":
            return _start(request, project, choice)
    except Problem as problem:
        step = _mended_at(problem)
        return _page(request, project, versions, choice.at(step), problem)
    return _page(request, project, versions, choice)


@require_GET
def train_preview(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """The fragment that shows how a model that writes reads the first rows, with what the form holds."""
    project = project_for(request, project_id, Action.TRAIN, slug)
    choice = read_choice(request.GET, project, list(versions_in(project)[:VERSIONS]))
    if planning.head_of(choice.version) != "text":
        raise Http404
    try:
        values: dict[str, Any] = {"found": prompting.preview(project, choice)}
    except Problem as problem:
        values = {"problem": _named(problem)}
    return render(request, "runs/_preview.html", values)


def _start(request: HttpRequest, project: Project, choice: Choice) -> HttpResponse:
    if choice.version is None:
        raise Problem("run.version")
    run = services.start(
        project=project,
        version=choice.version,
        user=user_of(request),
        base=choice.base,
        effort=choice.effort,
        seed=forms.whole(choice.seed),
        settings=choice.settings,
        prompt=choice.prompt,
        system=choice.system,
        search=choice.search,
        start_key=str(request.POST.get("start_key") or "")[:64],
        confirmed=choice.confirmed,
    )
    return redirect("run", slug=project.workspace.slug, project_id=project.pk, run_id=run.pk)


def _check(project: Project, choice: Choice) -> None:
    """What the steps before the one asked for should have settled."""
    after = STEPS.index(choice.step)
    if after >= 1:
        if choice.version is None:
            raise Problem("run.version")
        if diagnosis.standing(choice.version) == "red" and not choice.confirmed:
            raise Problem("run.gate", version=str(choice.version))
    if after >= 2:
        version, spec = _version(choice), choice.spec(project)
        clashes.check(planning.head_of(version), spec.settings)
        planning.check_effort(spec, version)
        planning.check_base(spec, version.variant)
        allowed.check(project.workspace, spec)


def _mended_at(problem: Problem) -> str:
    family = problem.code.partition(".")[0]
    return MENDED.get(problem.code, MENDED.get(family, "review"))


def _page(
    request: HttpRequest,
    project: Project,
    versions: list[DatasetVersion],
    choice: Choice,
    problem: Problem | None = None,
) -> HttpResponse:
    step = {"data": _data, "model": _model, "review": _review}[choice.step]
    gates = {version.pk: diagnosis.standing(version) for version in versions}
    values = {
        "project": project,
        "workspace": project.workspace,
        "versions": versions,
        "gates": gates,
        "any_red": "red" in gates.values(),
        "choice": choice,
        "number": STEPS.index(choice.step) + 1,
        "steps": _steps(choice),
        "kept": list(choice.fields().items()),
        "back": choice.query(STEPS[max(0, STEPS.index(choice.step) - 1)]),
        "problem": problem and _named(problem),
        **(step(project, choice) if versions else {}),
    }
    return render(
        request, "runs/train.html", values, status=status_of(problem.code) if problem else 200
    )


def _named(problem: Problem) -> Problem:
    """A setting is called here what its field is called."""
    if "field" not in problem.values:
        return problem
    named = {"field": setting_title(str(problem.values["field"]))}
    return Problem(problem.code, **problem.values | named)


def _steps(choice: Choice) -> list[dict[str, str]]:
    titles = (_("Data"), _("Model and effort"), _("Review"))
    return [
        {"label": title, "href": choice.query(step)}
        for step, title in zip(STEPS, titles, strict=True)
    ]


def _data(project: Project, choice: Choice) -> dict[str, Any]:
    """Of a version that asks for a confirmation what it is asked for, and what was ignored already."""
    version = choice.version
    if version is None or diagnosis.standing(version) != "red":
        return {}
    report = diagnosis.report_of(version)
    return {
        "groups": groups_of(diagnosis.counted(version, report)),
        "ignored": len(diagnosis.acknowledged(version)),
    }


def _model(project: Project, choice: Choice) -> dict[str, Any]:
    advanced = AdvancedForm(choice)
    wrong, readings = bool(advanced.errors), forms.readings(choice)
    own = ("base", "effort", "seed", *(["matching"] if readings else []))
    bases = planning.choices(project.task, choice.version)
    return {
        "bases": bases,
        "missing": [item for item in bases if not item.available],
        "efforts": forms.efforts(_version(choice), _usable_spec(project, choice)),
        "advanced": advanced,
        "advanced_open": wrong or advanced.changed(),
        "measured": bool(planning.calibration()),
        "asks": prompting.asks(project, choice),
        "readings": readings,
        "search": SearchForm(choice),
        "hidden": _but(choice, (*own, "prompt", "system", *advanced.fields, *SEARCHED)),
    }


def _review(project: Project, choice: Choice) -> dict[str, Any]:
    spec = choice.spec(project)
    estimate, state = planning.estimate(_version(choice), spec), allowance(project.workspace)
    cost = costs.expected(project.workspace, spec, estimate)
    return {
        "estimate": estimate,
        "cost_text": cost["text"],
        "too_much": cost["limit"] is not None and cost["minutes"] > cost["left"],
        "base": planning.title(spec.base),
        "effort": next(
            item for item in forms.efforts(_version(choice), spec) if item["value"] == spec.effort
        ),
        "search": [
            (setting_title(f"search.{n}"), spec.search[n]) for n in ASKED if n in spec.search
        ],
        "settings": [(setting_title(n), setting_value(v)) for n, v in spec.settings.items()],
        "allowance": state,
        "start_key": uuid4().hex,
        "worker_alive": worker_alive(planning.cluster(spec.as_dict())),
    }


def _version(choice: Choice) -> DatasetVersion:
    if choice.version is None:
        raise Problem("run.version")
    return choice.version


def _usable_spec(project: Project, choice: Choice) -> Spec:
    """For an estimate while something is still wrong: what is wrong is left out."""
    settings = {name: value for name, value in choice.settings.items() if _is_right(name, value)}
    variant = choice.version.variant if choice.version else ""
    base = planning.known(choice.base, project.task, variant)
    given: dict[str, Any] = {"base": base, "effort": "balanced", "seed": forms.SEED}
    search = choice.search if SearchForm(choice).is_valid() and _budgeted(choice) else {}
    return planning.spec(project, settings=settings, search=search, **given)


def _budgeted(choice: Choice) -> bool:
    return any(name in choice.search for name in BUDGET)


def _is_right(name: str, value: str) -> bool:
    try:
        check_setting(name, value)
    except Problem:
        return False
    return True


def _but(choice: Choice, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """What the step's own fields do not carry."""
    own = set(names) | {SETTING + name for name in names}
    return [(name, value) for name, value in choice.fields().items() if name not in own]

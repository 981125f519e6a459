"""Pages of a run: live while it trains, its results afterwards, the downloads and the box to try it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Action
from projects.jobs.health import worker_alive
from projects.people import user_of
from projects.runs import (
    again,
    charts,
    costs,
    drafting,
    folders,
    history,
    planning,
    polling,
    results,
    searching,
    selectors,
    services,
    storing,
    trying,
    turns,
)
from projects.runs.lifecycle import HELD
from projects.runs.models import Run, Status
from projects.runs.names import SHARE, figure
from projects.runs.polling import number
from projects.runs.results import Listed
from projects.runs.results.causes import causes
from projects.selectors import allowed_in
from training.problems import Problem
from web.errors import as_json, status_of
from web.streams import parts

CSV = "text/csv; charset=utf-8"
EXAMPLES = 3
FILTERS = ("kind", "label", "true", "predicted")  # of the lists of test rows


@require_GET
def run(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    sign = polling.sign_for(request, slug, project_id, run_id)
    return render(request, "runs/run.html", _page(request, found) | {"mark": sign.mark})


@require_GET
def run_status(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """The fragment that the page asks for while the run is under way; the last one brings the results along.

    `?mark=` is that of the fragment which the page has: 204 as long as it still looks so.
    """
    sign = polling.sign_for(request, slug, project_id, run_id)
    if polling.same_page(sign, request.GET):
        return polling.unchanged(sign)
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    response = render(request, "runs/_live.html", live(request, found) | {"mark": sign.mark})
    return polling.told(response, sign)


@require_GET
def run_log(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """What has happened, and the last lines of the process."""
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    lines, output = history.history(found), history.tail(found)
    template = "runs/_log.html" if request.headers.get("HX-Request") else "runs/log.html"
    values = {"run": found, "slug": slug, "lines": lines, "output": output}
    response = render(request, template, values)
    response["Cache-Control"] = "no-store"
    return response


def live(request: HttpRequest, found: Run) -> dict[str, Any]:
    """For the fragment that says where the run stands."""
    values = (_page if selectors.ended(found) else _under_way)(request, found)
    return values | {"fragment": True}


def _under_way(request: HttpRequest, found: Run) -> dict[str, Any]:
    """What the part of the page shows that changes while the run is under way."""
    user, workspace = user_of(request), found.project.workspace
    over, held = selectors.ended(found), found.status in HELD
    alive = over or worker_alive(found.cluster)
    heard = polling.heard_ago(found.heartbeat_at) if held else None
    return {
        "run": found,
        "cost_text": costs.text(found, over),
        "project": found.project,
        "workspace": workspace,
        "slug": workspace.slug,
        "ended": over,
        "can_train": allowed_in(user, found.project, Action.TRAIN),
        "stages": selectors.stages_of(found),
        "worker_alive": alive,
        "turn": turns.turn_of(found) if found.status == Status.QUEUED else None,
        "is_draft": drafting.is_draft(found),
        "start_key": uuid4().hex,
        **searching.live(found),
        "notes": selectors.notes_of(found),
        "resumed": selectors.resumed(found),
        "heard": heard,
        "long_silent": heard is not None and heard >= polling.MINUTES,
        "late": alive and heard is not None and heard > polling.LATE,
        "steps_seen": selectors.steps_seen(found) if held and found.seconds_left else 0,
        **_urls(found),
    }


def _page(request: HttpRequest, found: Run) -> dict[str, Any]:
    user = user_of(request)
    names, head = selectors.scored_by(found)
    values = {
        **_under_way(request, found),
        "base_title": planning.title(found.spec.get("base", "")),
        "can_download": allowed_in(user, found.project, Action.DOWNLOAD),
        "fault": selectors.fault_of(found),
        "limited": folders.limited(found) is not None,
        "outgrows": again.outgrows(found),
        "started": selectors.started(found),
        "live_figures": charts.live(names, head),
        "usage_figures": charts.usage(),
        "epoch_figures": [(name, figure(name, head)) for name in names],
        "again": _again(found),
        "other_rows": selectors.on_other_rows([found]),
    }
    return values | (_results(found) if found.status == Status.SUCCEEDED else {})


def _results(found: Run) -> dict[str, Any]:
    result = selectors.result_of(found)
    shown = results.context(result)
    ids = [found.project.workspace.slug, found.project_id, found.pk]
    return {
        **shown,
        "causes": causes(result, selectors.findings_of(found.version)),
        "many": charts.SHOWN,
        "artifact": found.artifact,
        "expired_values": {"at": date_format(found.artifact.removed_at)}
        if found.artifact.removed_at
        else {},
        **_agreement(found, result),
        "extends": not again.cannot_extend(found),
        "beside": drafting.beside(found),
        "unmerged": result.unmerged,
        **searching.found(result),
        "chart_urls": {
            name: reverse("run-chart", args=[*ids, name])
            for name in (*shown["view"].charts, *searching.CHARTS)
        },
        **trying.box(found, result, _examples(found)),
    }  # fmt: skip


def _agreement(found: Run, result: results.Result) -> dict[str, Any]:
    told = again.agreement(found)
    if told is None or not told.figure:
        return {"agreement": told}
    shown = figure(told.figure, result.head)
    apart = number_format(100 * told.difference if shown.form == SHARE else told.difference, 3)
    if shown.form == SHARE:
        apart = _("%(points)s points") % {"points": apart}
    return {"agreement": told, "apart": apart, "apart_figure": shown.title}


def _examples(found: Run) -> list[dict[str, str]]:
    try:
        return results.examples(selectors.predictions_of(found), EXAMPLES)
    except Problem:
        return []


def _urls(found: Run) -> dict[str, str]:
    """Addresses below the run's, by the name of the template variable."""
    ids = [found.project.workspace.slug, found.project_id, found.pk]
    urls = {
        "status_url": "run-status",
        "series_url": "run-series",
        "cell_url": "run-cell",
        "mistakes_url": "run-mistakes",
        "predictions_url": "run-predictions",
        "metrics_url": "run-metrics",
        "artifact_url": "run-artifact",
        "cancel_url": "run-cancel",
        "log_url": "run-log",
        "pause_url": "run-pause",
        "resume_url": "run-resume",
        "repeat_url": "run-repeat",
        "extend_url": "run-extend",
        "fine_tune_url": "run-fine-tune",
        "try_url": "run-try",
    }
    return {name: reverse(route, args=ids) for name, route in urls.items()}


def _again(found: Run) -> str:
    """The wizard with what this run was started with."""
    spec = found.spec
    query = {"step": "model", "version": str(found.version_id)}
    query |= {name: str(spec[name]) for name in ("base", "effort", "seed") if name in spec}
    query |= {f"set-{name}": str(value) for name, value in (spec.get("settings") or {}).items()}
    query |= {f"search-{name}": _typed(value) for name, value in (spec.get("search") or {}).items()}
    url = reverse("train", args=[found.project.workspace.slug, found.project_id])
    return f"{url}?{urlencode(query)}"


def _typed(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


@require_GET
def run_series(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """Points of the curves since an event: {"events", "since", "ended", "more"}; 204 while there is nothing new."""
    sign = polling.sign_for(request, slug, project_id, run_id)
    if polling.same_curves(sign, request.GET):
        return polling.unchanged(sign)
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    return polling.told(
        JsonResponse(selectors.series(found, number(request.GET.get("since")), sign.last)), sign
    )


@require_GET
def run_chart(
    request: HttpRequest, slug: str, project_id: UUID, run_id: UUID, chart: str
) -> HttpResponse:
    """A figure for plotly.js."""
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    result = selectors.result_of(found)
    draw = searching.chart(result, chart) or results.view_of(result).charts.get(chart)
    if draw is None:
        raise Http404
    return JsonResponse(draw(result, request.GET.dict()))


@require_GET
def run_cell(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """Test rows of one true and one predicted label."""
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    true, predicted = request.GET.get("true", ""), request.GET.get("predicted", "")
    heading = _("“%(true)s” taken for “%(predicted)s”")
    if true == predicted:
        heading = _("“%(true)s” rightly found")
    given = {"true": true, "predicted": predicted}
    return _rows(request, found, "run-cell", given, heading=heading % given)


@require_GET
def run_mistakes(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """Test rows as the kind of results lists them: wrong answers first, or what the query asks for."""
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    query = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    return _rows(request, found, "run-mistakes", query)


def _rows(
    request: HttpRequest, found: Run, route: str, query: dict[str, str], *, heading: str = ""
) -> HttpResponse:
    offset = number(request.GET.get("offset"))
    selectors.predictions_of(found)
    result = selectors.result_of(found)
    view = results.view_of(result)
    if view.rows == "plain" and "true" in query:
        rows = _cell(found, query, offset)
    else:
        rows = view.listed(result, query, offset)
    after = offset + len(rows.rows)
    url = reverse(route, args=[found.project.workspace.slug, found.project_id, found.pk])
    more = f"{url}?{urlencode({**query, 'offset': after})}" if after < rows.total else ""
    values = {
        "found": rows,
        "view": view,
        "rows_template": f"runs/rows/_{view.rows}.html",
        "heading": heading,
        "next_url": more,
        "before_url": f"{url}?{urlencode({**query, 'offset': max(0, offset - rows.size)})}"
        if offset
        else "",
        "first": offset + 1,
        "last": after,
    }
    if request.headers.get("HX-Request"):
        return render(request, "runs/_rows.html", values)
    return render(request, "runs/rows.html", _page(request, found) | values)


def _cell(found: Run, query: dict[str, str], offset: int) -> Listed:
    path = selectors.predictions_of(found)
    return results.rows(path, true=query["true"], predicted=query["predicted"], offset=offset)


@require_GET
def run_predictions(
    request: HttpRequest, slug: str, project_id: UUID, run_id: UUID
) -> StreamingHttpResponse:
    """Every test row as CSV; `?spreadsheet=1` makes formulas harmless."""
    found = selectors.run_for(request, run_id, Action.DOWNLOAD, project_id, slug)
    path = selectors.predictions_of(found)
    result = selectors.result_of(found)
    lines = results.predictions_csv(result, path, spreadsheet=_for_spreadsheet(request))
    headers = _named(found, "predictions.csv")
    services.note("predictions.downloaded", found)
    return StreamingHttpResponse(parts(lines), content_type=CSV, headers=headers)


@require_GET
def run_metrics(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.DOWNLOAD, project_id, slug)
    result = selectors.result_of(found)
    body = results.metrics_csv(result, spreadsheet=_for_spreadsheet(request))
    services.note("metrics.downloaded", found)
    return HttpResponse(body, content_type=CSV, headers=_named(found, "metrics.csv"))


@require_GET
def run_artifact(
    request: HttpRequest, slug: str, project_id: UUID, run_id: UUID
) -> StreamingHttpResponse:
    found = selectors.run_for(request, run_id, Action.DOWNLOAD, project_id, slug)
    return artifact_response(found)


def artifact_response(found: Run) -> StreamingHttpResponse:
    """The zip, streamed; its checksum is the ETag."""
    artifact = selectors.artifact_of(found)
    body = storing.body(artifact)
    services.note("model.downloaded", found)
    headers = {
        "Content-Disposition": f'attachment; filename="{_stem(found)}.zip"',
        "Content-Length": str(artifact.size),
        "ETag": f'"{artifact.sha256}"',
    }
    return StreamingHttpResponse(body, content_type="application/zip", headers=headers)


def _stem(found: Run) -> str:
    return f"{slugify(found.project.name) or 'model'}-run-{found.number}"


def _named(found: Run, name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{_stem(found)}-{name}"'}


def _for_spreadsheet(request: HttpRequest) -> bool:
    return request.GET.get("spreadsheet") == "1"


@require_POST
def run_cancel(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    stopped = services.request_stop(run=found, user=user_of(request))
    if request.headers.get("HX-Request"):
        return render(request, "runs/_live.html", live(request, stopped))
    return redirect("run", slug=slug, project_id=project_id, run_id=run_id)


@require_POST
def run_try(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """One input through the model: a fragment for htmx, a page without it."""
    found = selectors.run_for(request, run_id, Action.VIEW, project_id, slug)
    values, status = _tried(found, request.POST.dict())
    values |= {"run": found, "try_url": request.path}
    template = "runs/try/_chat.html" if "chat" in values else "runs/_answer.html"
    if request.headers.get("HX-Request"):
        # In its place whatever it says: the box and the text that was typed stay.
        return render(request, template, values, status=200)
    values["shown_template"] = template
    return render(request, "runs/try.html", _page(request, found) | values, status=status)


def _tried(found: Run, data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What the model says, or why it cannot, and the status that goes with it."""
    chat = trying.read_chat(data) if data.get("form") == "chat" else None
    try:
        if chat is None:
            return trying.answer(found, selectors.result_of(found), data), 200
        if data.get("act") == "clear":
            return {"chat": trying.Chat((), chat.system)}, 200
        return {"chat": trying.say(found, chat, str(data.get("text") or ""))}, 200
    except Problem as problem:
        told: dict[str, Any] = {"problem": as_json(problem.code, problem.values)}
        given = {"chat": chat, "typed": data.get("text", "")} if chat else {}
        return told | given, status_of(problem.code)

"""The operator's live pages: queues and workers, storage, what is done with a run, acting as somebody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.models import User
from projects.housekeeping import keeping
from projects.people import user_of
from projects.portal import impersonating, queues, steering, storage
from projects.portal.models import SwitchRow
from projects.portal.staff import require, staff_only
from projects.runs import again, history, services
from projects.runs.models import Run, Status
from training.problems import Problem
from web import switches
from web.errors import words
from web.templatetags.attune import filesize


@require_GET
@staff_only
def queue(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/panel/queue.html", _queue() | {"section": "queue"})


@require_GET
@staff_only
def queue_live(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes; asked for every few seconds."""
    response = render(request, "portal/panel/_queue.html", _queue())
    response["Cache-Control"] = "no-store"
    return response


def _queue() -> dict[str, Any]:
    under_way = [{"run": run, "silent": queues.silent(run)} for run in queues.under_way()]
    intake = SwitchRow.objects.filter(name="runs").first()
    return {
        "clusters": queues.clusters(),
        "under_way": under_way,
        "ahead": queues.ahead(),
        "waiting": queues.waiting_by_workspace(),
        "intake": intake,
        "intake_open": switches.is_on("runs"),
    }


@require_POST
@staff_only
def switch(request: HttpRequest, name: str) -> HttpResponse:
    if name not in switches.SWITCHES:
        raise Http404
    require(request, "portal.change_switchrow")
    on = request.POST.get("on") == "yes"
    said = {key: request.POST.get(key, "").strip()[:300] for key in ("message_en", "message_zh")}
    steering.switch(name=name, on=on, user=user_of(request), **said)
    title = switches.SWITCHES[name].title
    messages.success(request, (_("On now: %s") if on else _("Off now: %s")) % title)
    return redirect("panel-queue")


# --- runs -------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@staff_only
def run_operate(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What an operator needs to know of a run, without the texts of its data; to cancel it or put it back."""
    related = Run.objects.select_related("project__workspace", "created_by", "version")
    run = get_object_or_404(related, pk=run_id)
    if request.method == "POST":
        require(request, "runs.change_run")
        return _operate(request, run)
    values = {
        "run": run,
        "section": "runs",
        "lines": history.history(run),
        "output": history.tail(run),
        "can_cancel": run.status not in (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED),
        "can_requeue": run.status in (Status.STARTING, Status.RUNNING),
        "can_repeat": run.status in (Status.FAILED, Status.CANCELLED),
        "fields": _fields(run),
    }
    return render(request, "portal/panel/run.html", values)


def _fields(run: Run) -> list[tuple[str, Any]]:
    return [
        (_("Attempt"), run.attempt),
        (_("Queue"), run.cluster),
        (_("Stage"), run.stage or "–"),
        (_("Waits for"), run.waits_for or "–"),
        (_("Losses"), run.losses),
        (_("Created"), run.created_at),
        (_("Started"), run.started_at),
        (_("Heard of"), run.heartbeat_at),
        (_("Ended"), run.ended_at),
    ]


def _operate(request: HttpRequest, run: Run) -> HttpResponse:
    acts = {"cancel": cancel, "requeue": requeue, "repeat": repeat}
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        messages.add_message(request, *act(run, user_of(request)))
    except Problem as problem:
        said = words(problem.code, problem.values)
        messages.error(request, f"{said['title']}. {said['found']} {said['remedy']}")
    return redirect("panel-run", run_id=run.pk)


def cancel(run: Run, operator: User) -> tuple[int, str]:
    """(level, words) of what has come of it, as the two below."""
    stopped = services.request_stop(run=run, user=operator)  # which is in the trail
    if stopped.status not in (Status.STOPPING, Status.CANCELLED):
        return _nothing(stopped)
    return messages.SUCCESS, _("The run is being stopped.")


def requeue(run: Run, operator: User) -> tuple[int, str]:
    """Away from the worker that has it, which notices that it has been given to another one."""
    if not services.give_back(run.pk, attempt=run.attempt, reason="operator"):
        run.refresh_from_db()
        return _nothing(run)
    audit.record(run.project.workspace, "run.requeued", user=operator, about=str(run))
    return messages.SUCCESS, _("The run is back in its queue.")


def repeat(run: Run, operator: User) -> tuple[int, str]:
    """As a new run of whoever has started it."""
    made = again.anew(run=run, user=run.created_by or operator)
    audit.record(run.project.workspace, "run.repeated", user=operator, about=str(made))
    text = _("Run %(number)s of the project does the same once more.") % {"number": made.number}
    return messages.SUCCESS, text


def _nothing(run: Run) -> tuple[int, str]:
    text = _("Nothing was done: the run is %(status)s by now.")
    return messages.WARNING, text % {"status": run.get_status_display()}


# --- storage ----------------------------------------------------------------------------------------------------------


@require_GET
@staff_only
def storage_page(request: HttpRequest) -> HttpResponse:
    """`?look=1` walks the folders as well, which takes a while."""
    looked = "look" in request.GET
    found = storage.orphans() if looked else []
    values = {
        "section": "storage",
        "workspaces": storage.by_workspace(),
        "models": storage.oldest_models(),
        "disk": storage.disk(),
        "looked": looked,
        "orphans": found,
        "orphan_bytes": sum(orphan.size for orphan in found),
    }
    return render(request, "portal/panel/storage.html", values)


@require_POST
@staff_only
def storage_clean(request: HttpRequest) -> HttpResponse:
    require(request, "runs.delete_artifact")
    found = keeping.clean()
    size = filesize(sum(orphan.size for orphan in found))
    audit.record(None, "storage.cleaned", user=user_of(request), count=len(found))
    text = _("%(count)s removed, %(size)s.") % {"count": len(found), "size": size}
    messages.success(request, text)
    return redirect("panel-storage")


# --- acting as somebody -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def impersonate(request: HttpRequest, user_id: UUID) -> HttpResponseBase:
    if not impersonating.can_act(user_of(request)):
        raise Http404
    person = get_object_or_404(User, pk=user_id)
    problem: Problem | None = None
    if request.method == "POST":
        given: dict[str, Any] = {"operator": user_of(request), "session": request.session}
        try:
            impersonating.start(user=person, reason=request.POST.get("reason", ""), **given)
            return redirect("home")
        except Problem as error:
            problem = error
    values = {
        "person": person,
        "problem": problem,
        "section": "",
        "minutes": impersonating.MINUTES,
        "reason": request.POST.get("reason", ""),
    }
    status = 422 if problem else 200
    return render(request, "portal/panel/impersonate.html", values, status=status)


@require_POST
def impersonate_stop(request: HttpRequest) -> HttpResponse:
    asked: Any = request
    if asked.impersonator is None:
        raise Http404
    person = asked.impersonation.user
    impersonating.stop(session=request.session, operator=asked.impersonator)
    return redirect("admin:accounts_user_change", person.pk)


@require_POST
def announcement_dismiss(request: HttpRequest, announcement_id: UUID) -> HttpResponse:
    steering.dismiss(user=user_of(request), what=f"announcement:{announcement_id}")
    if request.headers.get("HX-Request"):
        return HttpResponse()
    return redirect(request.POST["next"] if _local(request) else "home")


def _local(request: HttpRequest) -> bool:
    given = request.POST.get("next", "")
    return url_has_allowed_host_and_scheme(given, allowed_hosts={request.get_host()})

"""A person's notifications: the list, what the bell asks for, and of what there is mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import user_of
from accounts.models import User
from notify import services
from notify.forms import ChoiceForm
from notify.kinds import TOPICS
from notify.models import Notice
from notify.polling import same
from notify.selectors import SHOWN, choice_of, notices_of, unread_count
from notify.signing import read_off_token
from notify.words import told


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    found = [_line(notice) for notice in notices_of(user)[:SHOWN]]
    return render(request, "notify/list.html", {"lines": found, "shown": SHOWN})


def _line(notice: Notice) -> dict[str, Any]:
    return {
        "notice": notice,
        "words": told(notice.news.kind, notice.news.values),
        "kind": notice.news.told,
        "workspace": notice.news.workspace,
    }


@require_GET
@never_cache
def notices_new(request: HttpRequest) -> HttpResponse:
    """For the bell: {"unread", "newest": {"id", "title", "text", "url"}}; 204 while `?unread=` still holds."""
    user = user_of(request)
    count = unread_count(user)
    if same(count, request.GET):
        return HttpResponse(status=204)
    newest = notices_of(user).filter(read_at=None).first()
    return JsonResponse({"unread": count, "newest": _told(newest) if newest else None})


def _told(notice: Notice) -> dict[str, str]:
    words = told(notice.news.kind, notice.news.values)
    url = notice.news.path or ""
    return {"id": str(notice.pk), "title": words.title, "text": words.text, "url": url}


@require_POST
def notice_open(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Marks it as read and goes to what it is about."""
    user = user_of(request)
    notice = get_object_or_404(notices_of(user), pk=notice_id)
    services.mark_read(user=user, ids=[notice.pk])
    return redirect(notice.news.path or "notices")


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    services.mark_read(user=user_of(request))
    return redirect("notices")


@require_http_methods(["GET", "POST"])
def notices_settings(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    choice = choice_of(user)
    given = {"topics": choice.topics, "language": choice.language or get_language()}
    # A form without a tick is an empty one.
    form = ChoiceForm(request.POST if request.method == "POST" else None, initial=given)
    if form.is_valid():
        services.choose(user=user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("notices-settings")
    values = {"form": form, "topics": TOPICS}
    return render(request, "notify/settings.html", values, status=422 if form.is_bound else 200)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def notices_off(request: HttpRequest, token: str) -> HttpResponse:
    """The link in every mail. GET asks first; mail programs POST (RFC 8058), without a cookie and its token."""
    found = read_off_token(token)
    user = User.objects.filter(pk=found[0]).first() if found else None
    if found is None or user is None or found[1] not in TOPICS:
        raise Http404
    done = request.method == "POST"
    if done:
        services.stop_mail(user=user, topic=found[1])
    return render(request, "notify/off.html", {"topic": TOPICS[found[1]], "done": done})

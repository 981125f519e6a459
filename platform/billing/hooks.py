"""Where Stripe tells what has happened."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.payment import events

LARGEST = 512 * 1024  # bytes; Stripe's events are far smaller


@csrf_exempt
@login_not_required
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """200 for what is done, known or ignored; 400 for what Stripe has not signed; 500 asks it to tell it again."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    try:
        size = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        size = 0
    if size > LARGEST:
        return JsonResponse({"code": "request.too_large"}, status=413)
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return JsonResponse({"code": "request.too_large"}, status=413)
    event = events.verified(body, request.headers.get("Stripe-Signature", ""))
    return JsonResponse({"outcome": events.receive(event)})

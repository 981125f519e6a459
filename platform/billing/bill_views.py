"""The pages on which a workspace's plan is changed and its invoices are seen and paid."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import Action, allowed, user_of, workspace_for
from accounts.models import Workspace
from billing import coupons, showing
from billing.bill_forms import ChoiceForm, CouponForm, DetailsForm
from billing.invoices import export, pdf, words
from billing.invoices.models import BillingDetails, Invoice
from billing.invoices.selectors import due, invoices_of, payers
from billing.payment import collecting
from billing.payment.providers import provider
from billing.services import subscription_of
from billing.subscriptions import changing
from training.problems import Problem
from web.errors import words as problem_words


@never_cache
@require_safe
def billing(request: HttpRequest, slug: str) -> HttpResponse:
    """The tab. Members who may not pay are told who may."""
    workspace = workspace_for(request, slug, Action.ENTER)
    if not allowed(request.user, workspace, Action.BILLING):
        told = {"workspace": workspace, "payers": payers(workspace)}
        return render(request, "billing/who.html", told, status=403)
    return _page(request, workspace, DetailsForm(instance=_details(workspace)))


def _page(
    request: HttpRequest,
    workspace: Workspace,
    form: DetailsForm,
    *,
    coupon_form: CouponForm | None = None,
    status: int = 200,
) -> HttpResponse:
    values = showing.page(workspace)
    values |= {"details_form": form, "coupon_form": coupon_form or CouponForm()}
    return render(request, "billing/billing.html", values, status=status)


def _details(workspace: Workspace) -> BillingDetails:
    found = BillingDetails.objects.filter(workspace=workspace).first()
    return found or BillingDetails(workspace=workspace)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """What another plan would cost, today and later; and taking it."""
    workspace = workspace_for(request, slug, Action.BILLING)
    form = ChoiceForm(request.POST or request.GET)
    if not form.is_valid():
        raise Http404
    plan, interval = form.cleaned_data["plan"], form.cleaned_data["interval"]
    if request.method != "POST":
        values = showing.quote(subscription_of(workspace), plan, interval)
        return render(request, "billing/change.html", {"workspace": workspace, **values})
    chosen = {"plan": plan, "interval": interval, "user": user_of(request)}
    invoice = changing.choose(workspace=workspace, **chosen)
    return _after(request, workspace, invoice)


def _after(request: HttpRequest, workspace: Workspace, invoice: Invoice | None) -> HttpResponse:
    """To the payment page where there is one; else to what is to be read now."""
    page = redirect("workspace-billing", slug=workspace.slug)
    if invoice is None:
        messages.success(request, _("The change is noted for the end of the period."))
        return page
    if url := collecting.pay_or_lead(invoice):
        return redirect(url)
    invoice.refresh_from_db()
    if invoice.applied_at:
        messages.success(request, _("The plan has changed."))
        return page
    messages.info(request, _("The plan begins when this invoice is paid."))
    return redirect("invoice", slug=workspace.slug, invoice_id=invoice.pk)


@require_POST
def cancel(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    changing.cancel(workspace=workspace, user=user_of(request))
    messages.success(request, _("The plan ends with the period. Until then nothing changes."))
    return redirect("workspace-billing", slug=slug)


@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    changing.undo(workspace=workspace, user=user_of(request))
    messages.success(request, _("The plan goes on as it is."))
    return redirect("workspace-billing", slug=slug)


@require_POST
def coupon(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    form = CouponForm(request.POST)
    if not (form.is_valid() and _redeem(request, workspace, form)):
        shown = DetailsForm(instance=_details(workspace))
        return _page(request, workspace, shown, coupon_form=form, status=422)
    return redirect("workspace-billing", slug=slug)


def _redeem(request: HttpRequest, workspace: Workspace, form: CouponForm) -> bool:
    """Why a coupon is not taken stands below its field."""
    try:
        entered = coupons.redeem(workspace=workspace, code=form.cleaned_data["code"])
    except Problem as problem:
        told = problem_words(problem.code, problem.values)
        form.add_error("code", f"{told['title']}. {told['found']} {told['remedy']}")
        return False
    audit.record(workspace, "coupon.entered", about=entered.coupon.code)
    said = _("The coupon %(code)s is taken off the next invoice of the plan.")
    messages.success(request, said % {"code": entered.coupon.code})
    return True


@require_POST
def details(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    form = DetailsForm(request.POST, instance=_details(workspace))
    if not form.is_valid():
        return _page(request, workspace, form, status=422)
    form.save()
    if form.has_changed():
        audit.record(workspace, "billing.details", changed=form.changed_data)
    messages.success(request, _("The billing details are saved. They stand on the next invoices."))
    return redirect("workspace-billing", slug=slug)


@require_POST
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """To the provider's page on which the card is changed."""
    workspace = workspace_for(request, slug, Action.BILLING)
    back = settings.SITE_URL + reverse("workspace-billing", kwargs={"slug": slug})
    url = provider(subscription_of(workspace).provider).portal(workspace, back)
    return redirect(url or back)


def _invoice(request: HttpRequest, slug: str, invoice_id: UUID) -> Invoice:
    workspace = workspace_for(request, slug, Action.BILLING)
    found = invoices_of(workspace).filter(pk=invoice_id).first()
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
def invoice(request: HttpRequest, slug: str, invoice_id: UUID) -> HttpResponse:
    """Whoever comes back from the payment page waits here: the page asks again, and is drawn anew once it is paid."""
    found = _invoice(request, slug, invoice_id)
    came_back, left = "paid" in request.GET, due(found)
    waits = came_back and left > 0 and found.status == Invoice.Status.OPEN
    if waits and request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    values = {
        "workspace": found.workspace,
        "invoice": found,
        "heading": words.heading(found),
        "state": words.state(found),
        "tone": words.tone(found),
        "rows": words.rows(found),
        "sums": words.sums(found),
        "due": left,
        "note": words.NOTES.get(found.note, ""),
        "by_card": provider(found.provider).collects,
        "waits": waits,
        "arrived": came_back and found.status == Invoice.Status.PAID,
    }
    return render(request, "billing/invoice.html", values)


@require_safe
def invoice_pdf(request: HttpRequest, slug: str, invoice_id: UUID) -> HttpResponse:
    return as_pdf(_invoice(request, slug, invoice_id))


def as_pdf(found: Invoice) -> HttpResponse:
    """In the language of the request."""
    answer = HttpResponse(pdf.render(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return answer


@require_POST
def pay(request: HttpRequest, slug: str, invoice_id: UUID) -> HttpResponse:
    found = _invoice(request, slug, invoice_id)
    url = collecting.checkout(found, collecting.address(found))
    return redirect(url or reverse("invoice", kwargs={"slug": slug, "invoice_id": found.pk}))


@require_safe
def invoices_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    return as_file(invoices_of(workspace))


def as_file(invoices: QuerySet[Invoice]) -> StreamingHttpResponse:
    rows = invoices.select_related("corrects").prefetch_related("payments")
    answer = StreamingHttpResponse(export.as_csv(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="invoices.csv"'
    return answer

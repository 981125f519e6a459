"""What comes in, who stays a customer, and what computing costs against it. Amounts are whole minor units."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDay
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.invoices.models import Invoice, Payment
from billing.invoices.selectors import OFFERS
from billing.models import Subscription
from billing.money import rounded
from billing.subscriptions.terms import MONTHS, period_end, price
from projects.portal.figures.shape import (
    COUNT,
    DAY,
    HOURS,
    MONEY,
    SHARE,
    TEXT,
    Figure,
    Period,
    Table,
    changelist,
)
from projects.portal.figures.work import METERS, used_seconds
from projects.portal.models import Price
from projects.runs.models import Run, Status

SOLD = (Invoice.Kind.CHANGE, Invoice.Kind.RENEWAL)
UNPAID = (Invoice.Status.VOID, Invoice.Status.UNCOLLECTIBLE)
LOOKED_BACK = 12  # months
LONGEST = timedelta(days=367)  # of a period


@dataclass(frozen=True)
class Paying:
    """A workspace's plan in a stretch of time, as its invoices say. `monthly`: minor units, not rounded."""

    workspace: UUID
    begin: datetime
    end: datetime
    issued: datetime
    monthly: Decimal


def currency_of(rows: QuerySet[Invoice]) -> str:
    """The one in which most invoices are; figures are of that one alone."""
    found = rows.order_by().values_list("currency").annotate(count=Count("pk")).order_by("-count")
    return next((currency for currency, _count in found), "USD")


def _note(currency: str) -> str:
    others = Invoice.objects.exclude(currency=currency).exists()
    return (
        _("in %(currency)s; other currencies are left out") % {"currency": currency}
        if others
        else ""
    )


def _paying(currency: str, since: datetime) -> list[Paying]:
    claims = Invoice.objects.filter(kind__in=SOLD, currency=currency, workspace__isnull=False)
    claims = claims.exclude(status__in=UNPAID).exclude(OFFERS)
    first = Q(period_end=None, applied_at__gt=since - LONGEST)
    found = []
    for one in claims.filter(Q(period_end__gt=since) | first).select_related("plan", "workspace"):
        full = price(one.plan, one.interval) if one.plan else None
        stretch = _stretch(one) if full else None
        if full and one.workspace and stretch:
            begin, end = stretch
            end = min(end, one.workspace.deleted_at or end)
            monthly = Decimal(full) / MONTHS[one.interval]
            found.append(Paying(one.workspace.pk, begin, end, one.issued_at, monthly))
    return found


def _stretch(invoice: Invoice) -> tuple[datetime, datetime] | None:
    """What it has paid for. A first period begins with the payment, of which its invoice knew nothing."""
    if invoice.period_start and invoice.period_end:
        return invoice.period_start, invoice.period_end
    begin = invoice.applied_at
    return (begin, period_end(begin, invoice.interval, begin)) if begin else None


def at(moment: datetime, found: Iterable[Paying]) -> dict[UUID, Decimal]:
    """Workspace -> what it pays a month at that moment; of several invoices the newest says it."""
    current: dict[UUID, Paying] = {}
    for one in found:
        if one.begin <= moment < one.end and one.issued <= moment:
            before = current.get(one.workspace)
            if before is None or before.issued <= one.issued:
                current[one.workspace] = one
    return {workspace: one.monthly for workspace, one in current.items()}


def _month_ends(period: Period) -> list[tuple[str, datetime]]:
    """(name, end) of the last months; the running one ends now."""
    here = period.now.astimezone(period.zone)
    number = here.year * 12 + here.month - 1
    found = []
    for month in range(number - LOOKED_BACK + 1, number):
        year, next_month = divmod(month + 1, 12)
        end = datetime(year, next_month + 1, 1, tzinfo=period.zone)
        found.append((f"{month // 12}-{month % 12 + 1:02}", end))
    return [*found, (f"{here.year}-{here.month:02}", period.now)]


def recurring(period: Period) -> Table:
    currency = currency_of(Invoice.objects.filter(kind__in=SOLD))
    ends = _month_ends(period)
    found = _paying(currency, ends[0][1])
    lines = []
    for name, end in ends:
        paying = at(end, found)
        total = rounded(sum(paying.values(), Decimal(0)))
        each = rounded(Decimal(total) / len(paying)) if paying else None
        lines.append((name, total, len(paying), each))
    return Table(
        heads=(_("End of"), _("Recurring a month"), _("Paying workspaces"), _("Each")),
        forms=(TEXT, MONEY, COUNT, MONEY),
        rows=lines,
        value=lines[-1][1],
        form=MONEY,
        currency=currency,
        note=_note(currency),
        link=changelist("billing_subscription"),
    )


def per_customer(period: Period) -> Table:
    table = recurring(period)
    lines = [(name, each) for name, _total, _count, each in table.rows]
    return Table(
        heads=(_("End of"), _("Each")),
        forms=(TEXT, MONEY),
        rows=lines,
        value=lines[-1][1],
        form=MONEY,
        currency=table.currency,
        note=table.note,
        link=table.link,
    )


def churn(period: Period) -> Table:
    currency = currency_of(Invoice.objects.filter(kind__in=SOLD))
    ends = _month_ends(period)
    found = _paying(currency, ends[0][1])
    lines: list[tuple[Any, ...]] = []
    before = set(at(ends[0][1], found))
    for name, end in ends[1:]:
        now = set(at(end, found))
        gone = len(before - now)
        lines.append(
            (name, gone / len(before) if before else None, len(before), gone, len(now - before))
        )
        before = now
    return Table(
        heads=(_("Month"), _("Churn"), _("Paying at its beginning"), _("Gone"), _("New")),
        forms=(TEXT, SHARE, COUNT, COUNT, COUNT),
        rows=lines,
        value=lines[-1][1],
        form=SHARE,
        note=_("of the running month, so far"),
        link=changelist("billing_subscription"),
    )  # fmt: skip


def revenue(period: Period) -> Table:
    currency = currency_of(Invoice.objects.all())
    issued = Invoice.objects.filter(issued_at__gte=period.start, currency=currency)
    claims = _by_bucket(issued.exclude(status=Invoice.Status.VOID), period, "issued_at", "subtotal")
    paid = Payment.objects.filter(at__gte=period.start, invoice__currency=currency)
    came = _by_bucket(paid, period, "at", "amount")
    lines = [(day, claims.get(day, 0), came.get(day, 0)) for day in period.buckets()]
    return Table(
        heads=(_(period.unit.capitalize()), _("Invoiced, net"), _("Received")),
        forms=(DAY, MONEY, MONEY),
        rows=lines,
        value=sum(line[1] for line in lines),
        form=MONEY,
        currency=currency,
        note=_note(currency),
        link=changelist("billing_invoice", issued_at__gte=period.start),
    )


def _by_bucket(rows: QuerySet[Any], period: Period, at: str, amount: str) -> dict[date, int]:
    by_day = rows.order_by().annotate(day=period.truncated(at)).values("day")
    return {row["day"].date(): row["sum"] for row in by_day.annotate(sum=Sum(amount))}


def cost_a_run(period: Period) -> Table:
    """Costs are counted by the day, since a price holds from a day on."""
    prices = list(Price.objects.order_by("since"))
    currency = prices[-1].currency if prices else currency_of(Invoice.objects.all())
    costs: dict[date, Decimal] = defaultdict(Decimal)
    hours: Counter[date] = Counter()
    for (day, meter), seconds in used_seconds(period, TruncDay("at", tzinfo=period.zone)).items():
        bucket = period.first(day)
        hours[bucket] += seconds / 3600  # type: ignore[assignment]
        costs[bucket] += _cost(prices, currency, METERS.index(meter), day, seconds)
    ended = Run.objects.filter(status=Status.SUCCEEDED, ended_at__gte=period.start).order_by()
    by_day = ended.annotate(day=period.truncated("ended_at")).values("day")
    runs = {row["day"].date(): row["count"] for row in by_day.annotate(count=Count("pk"))}
    sold = Invoice.objects.filter(issued_at__gte=period.start, currency=currency)
    came = _by_bucket(sold.exclude(status=Invoice.Status.VOID), period, "issued_at", "subtotal")
    lines = [
        _cost_line(day, costs[day], came.get(day, 0), runs.get(day, 0), float(hours[day]))
        for day in period.buckets()
    ]
    made, spent = sum(line[3] for line in lines), rounded(sum(costs.values(), Decimal(0)))
    return Table(
        heads=(
            _(period.unit.capitalize()), _("Cost a run"), _("Invoiced a run"), _("Models made"),
            _("Hours"), _("Cost"), _("Invoiced, net"),
        ),
        forms=(DAY, MONEY, MONEY, COUNT, HOURS, MONEY, MONEY),
        rows=lines if prices else [],
        value=rounded(Decimal(spent) / made) if made and prices else None,
        form=MONEY,
        currency=currency,
        note=_("cost of computing a model in this period"),
        link=changelist("portal_price"),
    )  # fmt: skip


def _cost(prices: list[Price], currency: str, device: int, day: date, seconds: float) -> Decimal:
    name = (Price.Device.CPU, Price.Device.GPU)[device]
    held = [one for one in prices if one.device == name and one.since <= day]
    if not held or held[-1].currency != currency:
        return Decimal(0)
    return Decimal(held[-1].per_hour) * Decimal(str(seconds)) / 3600


def _cost_line(day: date, cost: Decimal, came: int, runs: int, hours: float) -> tuple[Any, ...]:
    each = rounded(cost / runs) if runs else None
    earned = rounded(Decimal(came) / runs) if runs else None
    return (day, each, earned, runs, hours, rounded(cost), came)


def subscribers(period: Period) -> Table:
    rows = Subscription.objects.order_by().values("plan", "plan__name", "plan__version")
    counts = rows.annotate(
        all=Count("pk"),
        paid=Count("pk", filter=~Q(interval="")),
        late=Count("pk", filter=Q(status__in=("past_due", "grace"))),
    ).order_by("plan__position", "plan__version")
    found = list(counts)
    return Table(
        heads=(_("Plan"), _("Workspaces"), _("Paid by period"), _("Late with an invoice")),
        forms=(TEXT, COUNT, COUNT, COUNT),
        rows=[
            (f"{row['plan__name']} ({row['plan__version']})", row["all"], row["paid"], row["late"])
            for row in found
        ],
        value=sum(row["all"] for row in found),
        link=changelist("billing_subscription"),
        links=[changelist("billing_subscription", plan__slug__exact=row["plan"]) for row in found],
    )


_NO_INVOICE = gettext_lazy("No plan was invoiced yet.")
FIGURES = (
    Figure(
        "recurring",
        "money",
        gettext_lazy("Recurring revenue (MRR)"),
        gettext_lazy(
            "What the plans that were invoiced cost a month at the end of each month, net and before coupons; a year "
            "counts a twelfth. Of the last twelve months."
        ),
        recurring,
        "bars",
        _NO_INVOICE,
    ),
    Figure(
        "per-customer",
        "money",
        gettext_lazy("Revenue a customer (ARPA)"),
        gettext_lazy("Recurring revenue divided by the workspaces that pay for a plan."),
        per_customer,
        "lines",
        _NO_INVOICE,
    ),
    Figure(
        "churn",
        "money",
        gettext_lazy("Churn"),
        gettext_lazy(
            "Of the workspaces that paid for a plan at the beginning of a month, the share that does not at its end."
        ),
        churn,
        "lines",
        gettext_lazy("Nobody who paid has gone, or nobody pays yet."),
    ),
    Figure(
        "revenue",
        "money",
        gettext_lazy("Revenue"),
        gettext_lazy(
            "Net of the invoices issued in the period, credit notes taken off; and what was paid in it, with tax."
        ),
        revenue,
        "bars",
        gettext_lazy("Nothing was invoiced in this period."),
    ),
    Figure(
        "cost-a-run",
        "money",
        gettext_lazy("Cost against price a run"),
        gettext_lazy(
            "Hours of computing times the price of an hour that you have set, divided by the models that were made; "
            "beside it, what was invoiced for each."
        ),
        cost_a_run,
        "bars",
        gettext_lazy(
            "Set the price of an hour of computing in the administration, then this is known."
        ),
    ),
    Figure(
        "subscribers",
        "money",
        gettext_lazy("Workspaces by plan"),
        gettext_lazy("Which version of which plan they have at this moment."),
        subscribers,
        "across",
        gettext_lazy("There is no workspace yet."),
    ),
)

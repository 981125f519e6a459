"""Invoices: numbers, tax, coupons, credits, corrections, and the PDF."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.translation import override
from pypdf import PdfReader

from accounts.models import AuditEntry, Workspace
from billing import coupons, credits
from billing.invoices import export, issuing, numbering, pdf
from billing.invoices.drafts import Draft, Line, Tax
from billing.invoices.models import (
    BillingDetails,
    Coupon,
    CreditEntry,
    Invoice,
    InvoiceLine,
    Payment,
    Seller,
    TaxRate,
)  # fmt: skip
from billing.invoices.selectors import due
from billing.models import Plan, Subscription
from billing.subscriptions import changing
from billing.subscriptions.usage import bill
from notify.models import News
from tests.at_once import at_once
from tests.billing.selling import BEGIN, agree, on_free, pay, sell
from training.problems import Problem

DAY = timedelta(days=1)


@pytest.fixture
def plans(workspace: Workspace) -> dict[str, Plan]:
    plans = sell()
    on_free(workspace)
    return plans


def issue(workspace: Workspace, amount: int = 1000, key: str = "one", tax: str = "0") -> Invoice:
    line = Line(InvoiceLine.Kind.PLAN, amount, {"plan": "Team", "interval": "month"})
    draft = Draft(Invoice.Kind.RENEWAL, "EUR", (line,), Tax(Decimal(tax)))
    given = {"provider": "manual", "due_at": BEGIN + 14 * DAY, "now": BEGIN, "applied": True}
    return issuing.issue(workspace, draft, key=key, **given)


def refusal(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(Problem) as caught:
        call(*args, **kwargs)
    return caught.value.code


def bought(workspace: Workspace, plan: Plan, interval: str = "month") -> Invoice:
    chosen = {"plan": plan, "interval": interval, "now": BEGIN}
    invoice = changing.choose(workspace=workspace, **chosen)
    assert invoice is not None
    return invoice


def lines(invoice: Invoice) -> list[tuple[str, int]]:
    return list(invoice.lines.values_list("kind", "amount"))


def test_numbers_run_without_a_gap_in_each_year_and_series(workspace: Workspace) -> None:
    Seller.objects.create(prefix="rg")
    first, second = issue(workspace), issue(workspace, key="two")
    pay(first, BEGIN)
    note = issuing.correct(first, amount=100, reason="", key="n", now=BEGIN + 400 * DAY)
    numbers = [one.number for one in (first, second, note)]
    assert numbers == ["RG-2026-00001", "RG-2026-00002", "RG-CN-2027-00001"]
    assert issue(workspace, key="two") == second, "the same key is the same invoice"


def test_a_number_of_what_is_undone_is_free_again(workspace: Workspace, monkeypatch: Any) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(issuing, "_write_lines", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            issue(workspace)
    assert issue(workspace).running == 1
    outside = SimpleNamespace(get_connection=lambda: SimpleNamespace(in_atomic_block=False))
    monkeypatch.setattr(numbering, "transaction", outside)
    with pytest.raises(RuntimeError, match="transaction"):
        numbering.take("INV", BEGIN)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_get_eight_numbers_in_a_row(workspace: Workspace) -> None:
    at_once(8, lambda number: issue(workspace, key=f"k{number}"))
    assert sorted(Invoice.objects.values_list("running", flat=True)) == list(range(1, 9))


def test_what_was_issued_stays(workspace: Workspace) -> None:
    invoice = issue(workspace)
    invoice.total = 1
    for change in (
        invoice.save,
        invoice.delete,
        lambda: Invoice.objects.update(total=1),
        lambda: Invoice.objects.all().delete(),
        lambda: invoice.lines.update(amount=1),
        lambda: invoice.lines.get().save(),
        lambda: Payment.objects.update(amount=1),
        lambda: CreditEntry.objects.bulk_update([], ["amount"]),
    ):
        with pytest.raises(TypeError, match="stays as it is"):
            change()


def test_an_invoice_outlives_its_workspace(workspace: Workspace) -> None:
    invoice = issue(workspace)
    workspace.delete()
    invoice.refresh_from_db()
    assert (invoice.workspace, invoice.customer["name"]) == (None, "alice")


def test_tax_by_country_rounded_once(workspace: Workspace) -> None:
    from billing.invoices.drafts import tax_of

    Seller.objects.create(country="DE")
    details = BillingDetails.objects.create(workspace=workspace)
    assert tax_of(workspace) == Tax(Decimal(0)), "no rates, no tax"
    TaxRate.objects.create(country="DE", percent=19)
    TaxRate.objects.create(country="FR", percent=20, reverse_charge=True)
    TaxRate.objects.create(country="*", percent=0)
    assert tax_of(workspace).percent == 19, "without a country, that of the seller"
    for country, tax_id, percent, note in (
        ("FR", "", 20, ""), ("FR", "FR12", 0, "reverse_charge"), ("US", "1", 0, ""), ("DE", "DE1", 19, ""),
    ):  # fmt: skip
        details.country, details.tax_id = country, tax_id
        details.save()
        assert tax_of(workspace) == Tax(Decimal(percent), note), country
    details.exempt = True
    details.save()
    assert tax_of(workspace).note == "exempt"
    three = tuple(Line(InvoiceLine.Kind.USAGE, 333) for _line in range(3))
    assert Draft("usage", "EUR", three, Tax(Decimal("7.5"))).tax == 75  # 74.925


def test_credits_pay_first_and_come_back_when_it_is_void(workspace: Workspace) -> None:
    credits.grant(workspace, 1500, "EUR", "referral", "r1")
    credits.grant(workspace, 1500, "EUR", "referral", "r1")  # told twice
    credits.grant(workspace, 999, "USD", "another currency", "r2")
    first, second = issue(workspace), issue(workspace, key="two")
    assert (first.status, due(first)) == ("paid", 0)
    assert (second.credit, due(second)) == (500, 500)
    issuing.void(second)
    assert credits.balances(workspace) == {"EUR": 500, "USD": 999}
    with pytest.raises(ValueError, match="1 or more"):
        credits.grant(workspace, 0, "EUR", "", "r3")
    agree(workspace)


def test_money_in_parts_beyond_and_twice(workspace: Workspace) -> None:
    invoice = issue(workspace)
    pay(invoice, BEGIN, key="a", amount=400)
    pay(invoice, BEGIN, key="a", amount=400)  # the same transfer
    assert due(Invoice.objects.get()) == 600
    assert refusal(issuing.void, invoice) == "invoice.closed"
    pay(invoice, BEGIN, key="b", amount=700)
    assert Invoice.objects.get().status == "paid"
    assert credits.balance(workspace, "EUR") == 100
    assert refusal(pay, invoice, BEGIN, key="c") == "invoice.closed"
    agree(workspace)


def test_corrections_take_back_all_of_the_tax_and_no_more(workspace: Workspace) -> None:
    invoice = pay(issue(workspace, 1001, tax="19"), BEGIN)
    assert (invoice.tax, invoice.total) == (190, 1191)
    for number, amount in enumerate((397, 397, 397)):
        issuing.correct(invoice, amount=amount, reason="slow", key=f"n{number}")
    notes = Invoice.objects.filter(kind="credit_note")
    assert (sum(n.total for n in notes), sum(n.tax for n in notes)) == (-1191, -190)
    assert refusal(issuing.correct, invoice, amount=1, reason="", key="n9") == (
        "invoice.refund_too_much"
    )
    agree(workspace)


def test_what_credits_have_paid_goes_back_as_credits_only(workspace: Workspace) -> None:
    credits.grant(workspace, 600, "EUR", "gift", "g")
    invoice = pay(issue(workspace), BEGIN)
    assert issuing.refundable(invoice) == 400
    assert refusal(issuing.correct, invoice, amount=500, reason="", key="n") == (
        "invoice.refund_too_much"
    )
    issuing.correct(invoice, amount=500, reason="", key="n", to_credits=True)
    assert credits.balance(workspace, "EUR") == 500
    agree(workspace)


# --- coupons and reduced prices -----------------------------------------------------------------------------------


def coupon(**given: Any) -> Coupon:
    return Coupon.objects.create(**({"code": "HELLO", "percent": Decimal(20)} | given))


def test_a_coupon_and_a_reduced_price(workspace: Workspace, plans: dict[str, Plan]) -> None:
    Subscription.objects.filter(workspace=workspace).update(concession_percent=50)
    coupon()
    coupons.redeem(workspace=workspace, code=" hello ", now=BEGIN)
    invoice = bought(workspace, plans["starter"])
    assert lines(invoice) == [("plan", 2900), ("student", -1450), ("coupon", -290)]
    assert coupons.holding(workspace, BEGIN) is None, "it holds once"
    issuing.void(invoice)
    assert coupons.holding(workspace, BEGIN), "what was void has not used it"


def test_months_of_a_coupon_within_a_year(workspace: Workspace, plans: dict[str, Plan]) -> None:
    coupon(duration="months", months=3)
    coupons.redeem(workspace=workspace, code="HELLO", now=BEGIN)
    assert lines(bought(workspace, plans["starter"], "year"))[1] == ("coupon", -1450)


def test_an_amount_never_makes_an_invoice_negative(
    workspace: Workspace, plans: dict[str, Plan]
) -> None:
    coupon(percent=None, amount=5000, currency="USD", duration="forever")
    coupons.redeem(workspace=workspace, code="HELLO", now=BEGIN)
    invoice = bought(workspace, plans["starter"])
    assert (invoice.total, invoice.status) == (0, "paid")
    assert invoice.applied_at, "with nothing to pay the plan begins at once"


def test_what_comes_back_beyond_the_new_price_is_a_credit_with_its_tax(
    workspace: Workspace, plans: dict[str, Plan]
) -> None:
    Seller.objects.create(country="DE")
    TaxRate.objects.create(country="DE", percent=10)
    pay(bought(workspace, plans["starter"]), BEGIN)
    coupon(percent=100)
    coupons.redeem(workspace=workspace, code="HELLO", now=BEGIN)
    chosen = {"plan": plans["team"], "interval": "month", "now": BEGIN + 14 * DAY}
    invoice = changing.choose(workspace=workspace, **chosen)
    assert invoice is not None
    assert (invoice.total, invoice.status) == (0, "paid")
    assert credits.balance(workspace, "USD") == 1450 + 145, "half of the month, and its tax"
    agree(workspace)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"active": False}, "coupon.unknown"),
        ({"expires_at": BEGIN - DAY}, "coupon.expired"),
        ({"most": 0}, "coupon.used_up"),
    ],
)
def test_coupons_that_are_refused(
    workspace: Workspace, plans: dict[str, Plan], given: dict[str, Any], code: str
) -> None:
    coupon(**given)
    assert refusal(coupons.redeem, workspace=workspace, code="HELLO", now=BEGIN) == code


def test_a_coupon_is_for_its_plans_and_entered_once(
    workspace: Workspace, plans: dict[str, Plan]
) -> None:
    coupon(families="team, enterprise")
    coupons.redeem(workspace=workspace, code="HELLO", now=BEGIN)
    assert refusal(coupons.redeem, workspace=workspace, code="HELLO", now=BEGIN) == "coupon.again"
    assert lines(bought(workspace, plans["starter"])) == [("plan", 2900)]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_enter_the_last_one_at_once_one_gets_it(
    workspace: Workspace, charlies_workspace: Workspace
) -> None:
    coupon(most=1)
    mine = (workspace, charlies_workspace)
    entered, refused = at_once(2, lambda n: coupons.redeem(workspace=mine[n], code="HELLO"))
    assert (len(entered), refused) == (1, ["coupon.used_up"])


# --- usage --------------------------------------------------------------------------------------------------------


def test_use_beyond_the_plan_is_billed_once_and_refunds_come_back(
    workspace: Workspace, plans: dict[str, Plan], monkeypatch: Any
) -> None:
    from billing import statement

    pay(bought(workspace, plans["starter"]), BEGIN)
    line = statement.Line(
        "training_seconds", Decimal(9090), Decimal(9000), Decimal(90), Decimal("2"), 60, 3
    )
    said = [line]
    monkeypatch.setattr(statement, "lines", lambda *a: said)
    month = {"begin": BEGIN, "end": BEGIN + 28 * DAY, "now": BEGIN + 29 * DAY}
    invoice = bill(workspace, **month)
    assert invoice is not None
    assert (invoice.total, invoice.lines.get().quantity) == (3, Decimal("1.5"))
    pay(invoice, BEGIN + 30 * DAY)
    assert bill(workspace, **month) == invoice
    said[:] = [statement.Line("training_seconds", *[Decimal(0)] * 4, 60, 1)]
    for _time in range(2):
        bill(workspace, **month)
    assert credits.balance(workspace, "USD") == 2
    agree(workspace)


# --- to read and to take away -------------------------------------------------------------------------------------


@pytest.fixture
def invoice(workspace: Workspace) -> Invoice:
    Seller.objects.create(name="Żółw & Söhne", address="Rynek 1\nŁódź", payment="IBAN PL00")
    BillingDetails.objects.create(workspace=workspace, name="北京<b>纺织</b>有限公司", country="CN")
    return issue(workspace, 123456, tax="7.5")


def read(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Invoice INV-2026-00001", "Bill to", "€1,234.56", "€92.59", "€1,327.15")),
        ("zh-hans", ("INV-2026-00001", "€1,234.56", "€92.59", "€1,327.15")),
    ],
)
def test_the_pdf_reads_as_the_invoice(
    invoice: Invoice, language: str, words: tuple[str, ...]
) -> None:
    with override(language):
        data = pdf.render(invoice)
        text = read(data)
        assert pdf.render(invoice) == data, "the same invoice gives the same bytes"
    for word in (*words, "Żółw & Söhne", "Łódź", "北京<b>纺织</b>有限公司", "IBAN PL00"):
        assert word in text


def test_a_long_invoice_takes_more_pages(workspace: Workspace) -> None:
    many = tuple(Line(InvoiceLine.Kind.COUPON, 1, {"code": "x" * 300}) for _line in range(60))
    draft = Draft(Invoice.Kind.USAGE, "EUR", many, Tax(Decimal(0)))
    long = issuing.issue(workspace, draft, key="long", provider="manual", due_at=BEGIN, now=BEGIN)
    assert len(PdfReader(BytesIO(pdf.render(long))).pages) > 1


def test_csv_is_safe_in_a_spreadsheet(workspace: Workspace) -> None:
    BillingDetails.objects.create(workspace=workspace, name="=HYPERLINK(1)")
    issue(workspace)
    head, row = list(export.as_csv(Invoice.objects.all()))
    assert head.startswith("\ufeffnumber,")
    assert "'=HYPERLINK(1)" in row
    assert re.search(r",EUR,10\.00,0,0\.00,10\.00,0\.00,10\.00,", row)


def test_it_is_told_and_written_down(workspace: Workspace, alice: Any) -> None:
    invoice = pay(issue(workspace), BEGIN)
    kinds = list(News.objects.order_by("at").values_list("kind", flat=True))
    assert kinds == ["invoice.created", "invoice.paid"]
    assert News.objects.filter(audience=[str(alice.pk)]).count() == 2
    assert {"invoice.issued", "invoice.payment", "invoice.paid"} <= set(
        AuditEntry.objects.filter(about=invoice.number).values_list("verb", flat=True)
    )
    from notify.words import told

    news = News.objects.first()
    assert news is not None
    assert "INV-2026-00001" in told(news.kind, news.values).title

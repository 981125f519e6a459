"""An invoice as PDF, in the language of the moment. The same invoice gives the same bytes.

Latin, Greek and Cyrillic letters are in the file (Noto Sans); Chinese ones name a standard font (STSong-Light), which
PDF viewers bring along.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from billing.invoices import words
from billing.invoices.models import Invoice
from billing.invoices.telling import day

LATIN, CHINESE = "NotoSans", "STSong-Light"
INK, QUIET, LINE = HexColor("#1c1f24"), HexColor("#5b6470"), HexColor("#d5d9df")
MARGIN = 20 * mm
PADDING = 6  # points, of a frame: text stands that far within it, tables of its full width do not
WIDTH = A4[0] - 2 * MARGIN


@cache
def _letters() -> frozenset[int]:
    """Code points that the Latin font has; registers both fonts."""
    import fontpkg_noto_sans

    files = Path(fontpkg_noto_sans.__file__).parent / "files"
    font = TTFont(LATIN, str(next(files.glob("NotoSans[[]*.ttf"))))
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    return frozenset(font.face.charToGlyph)


def _marked(text: str) -> str:
    """For a Paragraph: escaped, lines kept, and each letter in a font that has it."""
    known = _letters()
    runs: list[tuple[bool, str]] = []
    for letter in text:
        if not (letter.isprintable() or letter == "\n"):
            continue
        latin = ord(letter) in known or letter == "\n"
        if runs and runs[-1][0] == latin:
            runs[-1] = (latin, runs[-1][1] + letter)
        else:
            runs.append((latin, letter))
    return "".join(_run(latin, run) for latin, run in runs)


def _run(latin: bool, text: str) -> str:
    safe = escape(text).replace("\n", "<br/>")
    return safe if latin else f'<font name="{CHINESE}">{safe}</font>'


def _style(size: float = 9, *, right: bool = False, quiet: bool = False) -> ParagraphStyle:
    _letters()
    return ParagraphStyle(
        f"s{size}{right}{quiet}",
        fontName=LATIN,
        fontSize=size,
        leading=size * 1.45,
        textColor=QUIET if quiet else INK,
        alignment=2 if right else 0,
        wordWrap="CJK" if not right else None,  # breaks Chinese text, and words that are too long
    )


def _text(text: str, size: float = 9, **kind: bool) -> Any:
    return Paragraph(_marked(str(text)), _style(size, **kind))


def render(invoice: Invoice) -> bytes:
    """A4, as many pages as it takes."""
    out = BytesIO()
    pages = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN - PADDING,
        rightMargin=MARGIN - PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"{words.heading(invoice)} {invoice.number}",
        author=invoice.seller.get("name", ""),
        invariant=1,  # no time of making in it
    )
    pages.build(list(_parts(invoice)), onFirstPage=_page, onLaterPages=_page)
    return out.getvalue()


def _page(canvas: Any, pages: Any) -> None:
    canvas.setFont(LATIN, 8)
    canvas.setFillColor(QUIET)
    canvas.drawRightString(A4[0] - MARGIN, 12 * mm, str(pages.page))


def _parts(invoice: Invoice) -> Iterator[Any]:
    yield _head(invoice)
    yield Spacer(0, 9 * mm)
    yield _text(f"{words.heading(invoice)} {invoice.number}", 15)
    yield Spacer(0, 4 * mm)
    yield _facts(invoice)
    yield Spacer(0, 6 * mm)
    yield _lines(invoice)
    yield Spacer(0, 3 * mm)
    yield _sums(invoice)
    yield Spacer(0, 8 * mm)
    for text in _below(invoice):
        yield _text(text)
        yield Spacer(0, 3 * mm)


def _head(invoice: Invoice) -> Any:
    """To whom on the left, from whom on the right."""
    customer = [_text(line, quiet=not number) for number, line in enumerate(_customer(invoice))]
    seller = [_text(line, right=True, quiet=bool(n)) for n, line in enumerate(_seller(invoice))]
    table = Table([[customer, seller]], colWidths=[WIDTH * 0.55, WIDTH * 0.45])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_flush()]))
    return table


def _flush() -> list[tuple[Any, ...]]:
    return [
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ]


def _customer(invoice: Invoice) -> Iterator[str]:
    customer = invoice.customer
    yield _("Bill to")
    yield from words.party(customer)


def _seller(invoice: Invoice) -> Iterator[str]:
    yield from words.party(invoice.seller)
    if invoice.seller.get("email"):
        yield invoice.seller["email"]


def _facts(invoice: Invoice) -> Any:
    pairs = [(_("Date"), day(invoice.issued_at))]
    if invoice.corrects:
        pairs.append((_("Corrects"), invoice.corrects.number))
    else:
        pairs.append((_("Due"), day(invoice.due_at)))
    pairs.append((_("State"), words.state(invoice)))
    if invoice.customer.get("reference"):
        pairs.append((_("Your reference"), invoice.customer["reference"]))
    cells = [[_text(label, 8, quiet=True), _text(value)] for label, value in pairs]
    table = Table([cells], colWidths=[WIDTH / len(pairs)] * len(pairs))
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_flush()]))
    return table


def _lines(invoice: Invoice) -> Any:
    head = (_("Description"), _("Quantity"), _("Price"), _("Amount"))
    table = [[_text(label, 8, quiet=True, right=bool(n)) for n, label in enumerate(head)]]
    for row in words.rows(invoice):
        cells = (row.quantity, row.price, row.amount)
        table.append([_text(row.title), *(_text(cell, right=True) for cell in cells)])
    widths = [WIDTH * part for part in (0.49, 0.15, 0.18, 0.18)]
    made = Table(table, colWidths=widths, repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                *_flush(),
            ]
        )
    )
    return made


def _sums(invoice: Invoice) -> Any:
    rows = [
        [_text(one.label, 10 if one.strong else 9, right=True, quiet=not one.strong),
         _text(one.amount, 10 if one.strong else 9, right=True)]
        for one in words.sums(invoice)
    ]  # fmt: skip
    table = Table(rows, colWidths=[WIDTH * 0.75, WIDTH * 0.25])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "BOTTOM"), *_flush()]))
    return table


def _below(invoice: Invoice) -> Iterator[str]:
    if invoice.note:
        yield str(words.NOTES[invoice.note])
    if invoice.reason and invoice.is_credit_note:
        yield _("Reason: %(reason)s") % {"reason": invoice.reason}
    if invoice.status == Invoice.Status.OPEN and invoice.seller.get("payment"):
        yield invoice.seller["payment"]
        yield _("Please name the number %(number)s.") % {"number": invoice.number}
    if invoice.seller.get("footer"):
        yield invoice.seller["footer"]

"""Likely personal data: things with a form of their own, and names where a phrase announces them.

Places are code points of the text as given. What is found is likely, not certain: a number that passes every check
may still be an order number, and a name that nothing announces is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

import phonenumbers

from training.validation import names


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


KINDS: dict[str, str] = {
    "email": _("E-mail addresses"),
    "phone": _("Phone numbers"),
    "card": _("Payment cards"),
    "iban": _("Bank accounts (IBAN)"),
    "resident_id": _("Chinese resident ID numbers"),
    "ssn": _("US social security numbers"),
    "passport": _("Passport numbers"),
    "ip": _("IP addresses"),
    "name": _("Names of people"),
}


class Hit(NamedTuple):
    kind: str  # of KINDS
    start: int
    end: int


LONGEST = 100_000  # characters that are looked at

# Full-width forms are read as the plain ones; one character stays one character.
_NARROW = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20, 0x2010: 0x2D, 0x2011: 0x2D}
# Nothing here is shorter than an IP address: four digits, at most four characters between any two.
_WORTH = re.compile(r"@|[0-9](?:[^0-9]{0,4}[0-9]){3}", re.ASCII)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(
    rf"(?<![\w.%+-])[\w%+-][\w.%+-]{{0,63}}@(?:{_LABEL}\.){{1,6}}[A-Za-z]{{2,24}}(?![\w-])",
    re.ASCII,
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{1,4}){3,8}(?![A-Za-z0-9])")
_RESIDENT = re.compile(r"(?<![A-Za-z0-9])[1-8][0-9]{16}[0-9Xx](?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\w.-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-]|\.[0-9])", re.ASCII)
_SSN = re.compile(
    r"(?<![\w-])(?!000|666|9)[0-9]{3}([ -]?)(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])", re.ASCII
)
_SSN_CUE = re.compile(r"\bssn\b|social security|tax ?id", re.IGNORECASE)
_IP = re.compile(
    r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)",
    re.ASCII,
)
_VERSION = re.compile(r"(?:version|firmware|release|build|版本|固件)\W{0,3}$", re.IGNORECASE)
_PASSPORT = re.compile(
    r"(?:passport|护照)(?:\s*(?:number|no\.?|nr\.?|号码|号))?\s*(?:is|was|[:#：是为])?\s*"
    r"(?P<number>[A-Z]{1,2}[0-9]{6,8}|[0-9]{8,9})(?![A-Za-z0-9])",
    re.IGNORECASE,
)  # fmt: skip
_MOBILE = re.compile(
    r"(?<![\w.-])(?:(?:\+|00)?86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}(?![\w-]|\.\d)", re.ASCII
)
_NUMBER = re.compile(
    r"(?<![\w.+-])(?:\+|\()?[0-9](?:[ ().\-/]{0,3}[0-9]){6,16}(?![\w-]|\.\d)", re.ASCII
)
_PHONE_CUE = re.compile(
    r"phone|\btel\b|mobile|\bcell\b|\bcall|\bfax\b|whatsapp|\btext me|reach me|contact|"
    r"电话|手机|致电|联系|座机|拨打|传真|微信",
    re.IGNORECASE,
)  # fmt: skip
# What a number is that is none of a phone, if it stands right before it.
_OTHER = re.compile(
    r"(?:QQ|order|ticket|invoice|reference|ref|tracking|account|订单|单号|编号)\W{0,3}(?:no|number|id|号|号码|是)?\W{0,3}$",
    re.IGNORECASE,
)
_CUE_BEFORE = 30  # characters before a number in which a word may say what it is
# Countries whose numbers are known without their code, if they are written in groups or announced.
_REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN", "JP", "KR", "CN", "BR")
_SEPARATED = re.compile(r"[0-9][ ().\-/]+[0-9]")
_DATE = re.compile(r"(?:19|20)\d\d([-/. ])\d{1,2}\1\d{1,2}|\d{1,2}([-/. ])\d{1,2}\2(?:19|20)\d\d")

_PROVINCES = {
    *range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55),
    *range(61, 66), 71, 81, 82, 83,
}  # fmt: skip
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Characters of an IBAN by country.
_LENGTHS = """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18
    DO28 EE20 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23
    IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MT31 MU30
    NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26
    UA29 VG24 XK20
"""
_IBANS = {code[:2]: int(code[2:]) for code in _LENGTHS.split()}


def find(text: str) -> list[Hit]:
    """In order of their places; no two overlap."""
    plain = text[:LONGEST]
    if not plain.isascii():
        plain = plain.translate(_NARROW)
    hits: list[Hit] = []
    taken = bytearray(len(plain))
    for kind, start, end in _all(plain):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            hits.append(Hit(kind, start, end))
    return sorted(hits, key=lambda hit: hit.start)


def _all(text: str) -> Iterator[Hit]:
    if _WORTH.search(text):
        for kind, finder in _FINDERS:
            for start, end in finder(text):
                yield Hit(kind, start, end)
    for start, end in names.find(text):
        yield Hit("name", start, end)


def mask(text: str, kinds: Collection[str] = tuple(KINDS)) -> str:
    """The text with each thing of these kinds replaced by its name, as in `[email]`."""
    return "".join(_masked(part, kinds) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    """The text in parts that are looked at whole, cut where there is a space."""
    begin = 0
    while len(text) - begin > LONGEST:
        cut = text.rfind(" ", begin, begin + LONGEST) + 1
        end = cut if cut > begin else begin + LONGEST
        yield text[begin:end]
        begin = end
    yield text[begin:]


def _masked(text: str, kinds: Collection[str]) -> str:
    parts, end = [], 0
    for hit in find(text):
        if hit.kind in kinds:
            parts += [text[end : hit.start], f"[{hit.kind}]"]
            end = hit.end
    return "".join([*parts, text[end:]])


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            local = match[0].partition("@")[0]
            if not local.endswith(".") and ".." not in local:
                yield match.span()


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        size = _IBANS.get(match[0][:2], 0)
        end = _end_of(match[0], size)
        if end and _mod97(re.sub("[ -]", "", match[0][:end])):
            yield match.start(), match.start() + end


def _end_of(found: str, size: int) -> int:
    """Where the first `size` letters and digits end, 0 if there are not so many: a word may follow the number."""
    places = [place for place, letter in enumerate(found, 1) if letter.isalnum()]
    return places[size - 1] if 0 < size <= len(places) else 0


def _mod97(iban: str) -> bool:
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def _residents(text: str) -> Iterator[tuple[int, int]]:
    for match in _RESIDENT.finditer(text):
        number = match[0].upper()
        total = sum(w * int(digit) for w, digit in zip(_WEIGHTS, number[:17], strict=True))
        right = "10X98765432"[total % 11] == number[17] and int(number[:2]) in _PROVINCES
        if right and _born(number[6:14]):
            yield match.span()


def _born(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return date(1890, 1, 1) <= day <= date.today()


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        digits = re.sub("[ -]", "", match[0])
        if _issued(digits) and _luhn(digits) and len(set(digits)) > 1:
            yield match.span()


def _issued(digits: str) -> bool:
    """Whether a card network gives out numbers of this beginning and length."""
    two, four, size = int(digits[:2]), int(digits[:4]), len(digits)
    if two in (34, 37):
        return size == 15
    if two in (30, 36, 38, 39):
        return size == 14
    if digits[0] == "4":
        return size in (13, 16, 19)
    if two == 62:
        return 16 <= size <= 19
    return size == 16 and (
        51 <= two <= 55 or 2221 <= four <= 2720 or two in (35, 64, 65) or four == 6011
    )


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _ssns(text: str) -> Iterator[tuple[int, int]]:
    for match in _SSN.finditer(text):
        if match[1] == "-" or _SSN_CUE.search(text[max(0, match.start() - 40) : match.start()]):
            yield match.span()


def _ips(text: str) -> Iterator[tuple[int, int]]:
    if text.count(".") >= 3:
        for match in _IP.finditer(text):
            if not _VERSION.search(text[max(0, match.start() - 12) : match.start()]):
                yield match.span()


def _passports(text: str) -> Iterator[tuple[int, int]]:
    for match in _PASSPORT.finditer(text):
        yield match.span("number")


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _MOBILE.finditer(text):
        yield match.span()
    for match in _NUMBER.finditer(text):
        end = _phone_end(text, match)
        if end:
            yield match.start(), end


def _phone_end(text: str, match: re.Match[str]) -> int:
    """Where the phone number in this run of digits ends, 0 if it is none. Groups behind it may be something else."""
    found, before = match[0], text[max(0, match.start() - _CUE_BEFORE) : match.start()]
    cued = bool(_PHONE_CUE.search(before)) and not _OTHER.search(before)
    for _attempt in range(3):
        if _is_phone(found, cued):
            return match.start() + len(found)
        found, space, _rest = found.rpartition(" ")
        if not space:
            break
        found = found.rstrip(" ().-/")
    return 0


def _is_phone(found: str, cued: bool) -> bool:
    digits = re.sub(r"[^0-9]", "", found)
    if found.startswith("+") or (digits.startswith("00") and len(digits) > 9):
        return _valid("+" + digits.removeprefix("00"), None)
    if not 9 <= len(digits) <= 12 or _DATE.match(found):
        return False
    if not cued and not _SEPARATED.search(found):
        return False
    # Without a word before it only the usual form counts: a leading zero, or three groups as in the US.
    usual = digits[0] == "0" or re.fullmatch(
        r"(?:1[ .-])?\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}", found
    )
    return bool(cued or usual) and any(_valid(digits, region) for region in _REGIONS)


def _valid(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


# What is more certain comes first and keeps its place.
_FINDERS = (
    ("email", _emails),
    ("iban", _ibans),
    ("resident_id", _residents),
    ("card", _cards),
    ("passport", _passports),
    ("ssn", _ssns),
    ("ip", _ips),
    ("phone", _phones),
)

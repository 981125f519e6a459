"""Likely personal data: found by its form, at its place, and masked without touching anything else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.validation import personal
from training.validation.personal import KINDS, find, mask


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ann.lee+x@mail.example.org.", ("email", "ann.lee+x@mail.example.org")),
        ("邮箱abc_1@qq.com谢谢", ("email", "abc_1@qq.com")),
        ("联系ａｂｃ＠ｑｑ.ｃｏｍ", ("email", "ａｂｃ＠ｑｑ.ｃｏｍ")),
        ("Call +44 20 7946 0958 today", ("phone", "+44 20 7946 0958")),
        ("Ring (212) 736-5000 now", ("phone", "(212) 736-5000")),
        ("my phone is 2127365000", ("phone", "2127365000")),
        ("Tel. 030 901820 in Berlin", ("phone", "030 901820")),
        ("我的手机13812345678，请回电", ("phone", "13812345678")),
        ("手机１３８１２３４５６７８", ("phone", "１３８１２３４５６７８")),
        ("电话010-62770334", ("phone", "010-62770334")),
        ("card 4111 1111 1111 1111 was charged", ("card", "4111 1111 1111 1111")),
        ("Amex 378282246310005.", ("card", "378282246310005")),
        ("卡号6222020000000000003", None),
        ("IBAN GB29 NWBK 6016 1331 9268 19 please", ("iban", "GB29 NWBK 6016 1331 9268 19")),
        ("DE89370400440532013000", ("iban", "DE89370400440532013000")),
        ("身份证11010519491231002X。", ("resident_id", "11010519491231002X")),
        ("SSN 219-09-9999", ("ssn", "219-09-9999")),
        ("my social security number is 219099999", ("ssn", "219099999")),
        ("Passport no. C01234567 expired", ("passport", "C01234567")),
        ("护照号码：E12345678", ("passport", "E12345678")),
        ("from 192.168.10.254 it fails", ("ip", "192.168.10.254")),
        ("Hello, my name is Anna-Marie O'Neil and I wait", ("name", "Anna-Marie O'Neil")),
        ("Dear Mr. Smith, where is it?", ("name", "Smith")),
        ("Best regards,\nJ. van den Berg", ("name", "J. van den Berg")),
        ("你好，我叫王小明，想退货", ("name", "王小明")),
        ("欧阳女士已经付款", ("name", "欧阳")),
    ],
)
def test_it_works(text: str, expected: tuple[str, str] | None) -> None:
    assert found(text) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I paid 20 euro on 2021-04-12 and 3,500.00 on 12.04.2021.",
        "Order 4500123456 and order number 2127365000 are late",
        "Card 4111 1111 1111 1112 has a wrong digit",
        "0000 0000 0000 0000",
        "GB29 NWBK 6016 1331 9268 18",
        "ID 110105194912310021",
        "ID 11010519491331002X",
        "Version 10.15.7.1 of the program",
        "300.168.10.1 is no address",
        "1.2.3.4.5 neither",
        "SSN 000-12-3456, 666-12-3456, 900-12-3456",
        "me @ home, a@b, user@localhost",
        "my name is wrong on the card",
        "Dear Sir, dear Customer, Dear Team,",
        "Thanks and regards, Customer Support",
        "我是高兴的，我叫不到车",
        "这位先生，您好",
        "QQ：252620710",
        "π is 3.14159265358979323846",
        "the year 2008 2009 2010 2011",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert found(text) == []


def test_several_in_one_text_stand_in_order_and_apart() -> None:
    text = "Mail a@b.org or c@d.org, phone +1 212-736-5000, card 5555555555554444."
    assert [kind for kind, _ in found(text)] == ["email", "email", "phone", "card"]
    assert mask(text) == "Mail [email] or [email], phone [phone], card [card]."


def test_only_the_kinds_asked_for_are_masked() -> None:
    text = "Mail a@b.org, phone +1 212-736-5000"
    assert mask(text, ["phone"]) == "Mail a@b.org, phone [phone]"
    assert mask(text, []) == text


def test_places_are_code_points() -> None:
    text = "👩‍👩‍👧 mail 😀a@b.org😀"
    (hit,) = find(text)
    assert text[hit.start : hit.end] == "a@b.org"
    assert mask(text) == "👩‍👩‍👧 mail 😀[email]😀"


def test_what_is_masked_is_not_found_again() -> None:
    text = "我叫王小明 a@b.org +1 212-736-5000 5555555555554444"
    assert found(mask(text)) == []


def test_every_kind_has_a_title_and_a_finder() -> None:
    assert set(KINDS) == {kind for kind, _ in personal._FINDERS} | {"name"}
    assert all(KINDS.values())


# --- a seeded set of made-up rows: how much is found, and how much of what is found is right ---------------------


def _email(draw: random.Random) -> str:
    local = draw.choice(["anna", "j.smith", "li_wei", "max-m", "o99"]) + str(draw.randrange(999))
    return f"{local}@{draw.choice(['mail', 'post.uni', 'x-y'])}.{draw.choice(['com', 'co.uk', 'cn', 'de'])}"


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _phone(draw: random.Random) -> str:
    return draw.choice(
        [
            f"+1 212-{draw.randrange(200, 999)}-{_digits(draw, 4)}",
            f"(415) {draw.randrange(200, 999)}-{_digits(draw, 4)}",
            f"+49 30 {draw.randrange(10, 99)}{_digits(draw, 6)}",
            f"+44 20 7{_digits(draw, 3)} {_digits(draw, 4)}",
            f"1{draw.choice('3578')}{draw.choice('012356789')}{_digits(draw, 8)}",
            f"+86 138 {_digits(draw, 4)} {_digits(draw, 4)}",
        ]
    )


def _card(draw: random.Random) -> str:
    body = draw.choice(["4", "51", "55", "62"])
    body += _digits(draw, 15 - len(body))
    number = next(body + last for last in "0123456789" if personal._luhn(body + last))
    return draw.choice([number, " ".join(number[n : n + 4] for n in (0, 4, 8, 12))])


def _iban(draw: random.Random) -> str:
    country, size = draw.choice([("DE", 18), ("FR", 23), ("ES", 20), ("NL", 14)])
    body = _digits(draw, size) if country != "NL" else "ABNA" + _digits(draw, 10)
    whole = next(
        f"{country}{n:02d}{body}"
        for n in range(2, 99)
        if personal._mod97(f"{country}{n:02d}{body}")
    )
    return draw.choice([whole, " ".join(whole[n : n + 4] for n in range(0, len(whole), 4))])


def _resident(draw: random.Random) -> str:
    body = draw.choice(["110105", "310104", "440305", "510107"])
    body += f"{draw.randrange(1940, 2010)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
    body += _digits(draw, 3)
    total = sum(w * int(digit) for w, digit in zip(personal._WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


def _ssn(draw: random.Random) -> str:
    return (
        f"{draw.randrange(1, 666):03d}-{draw.randrange(1, 100):02d}-{draw.randrange(1, 10000):04d}"
    )


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "email": _email, "phone": _phone, "card": _card, "iban": _iban, "resident_id": _resident, "ssn": _ssn,
}  # fmt: skip
AROUND = [
    "Please use {} for this, thank you.",
    "It was {}",
    "{} is mine",
    "我的是{}，谢谢",
    "See {}; paid 35.20 on 3 May 2024",
]
OTHERS = [
    "Order {n9} arrived on 12/04/2023", "I paid {n4}.50 for item {n6}", "IMEI {n15}", "型号{n6}，价格{n4}元",
    "Ticket #{n8} is open since 2021-03-04 10:22:33", "tracking {n12}", "invoice no. {n10}", "{n4}-{n4}",
    "{n3} {n3} {n3}", "12:30-14:45 {n2}%", "订单号{n18}", "batch {n16}",
]  # fmt: skip


def _other(draw: random.Random) -> str:
    text = draw.choice(OTHERS)
    for size in (2, 3, 4, 6, 8, 9, 10, 12, 15, 16, 18):
        text = text.replace(f"{{n{size}}}", _digits(draw, size))
    return text


def test_most_is_found_and_most_of_what_is_found_is_right() -> None:
    draw = random.Random(13)
    right, due, claimed = (
        dict.fromkeys(MAKERS, 0),
        dict.fromkeys(MAKERS, 0),
        dict.fromkeys(MAKERS, 0),
    )
    for _ in range(6000):
        kind = draw.choice([*MAKERS, ""])
        thing = MAKERS[kind](draw) if kind else ""
        text = draw.choice(AROUND).format(thing) if kind else _other(draw)
        if kind:
            due[kind] += 1
        for hit in find(text):
            if hit.kind in claimed:
                claimed[hit.kind] += 1
                right[hit.kind] += hit.kind == kind and text[hit.start : hit.end] == thing
    for kind in MAKERS:
        assert right[kind] / due[kind] >= 0.95, (kind, right[kind], due[kind])
        assert right[kind] / claimed[kind] >= 0.95, (kind, right[kind], claimed[kind])


@pytest.mark.parametrize(
    "text",
    [
        "1" * 100_000, "1 " * 50_000, "a" * 100_000, "a.a" * 30_000, "a@" * 50_000, "@a." * 30_000, "A1" * 50_000,
        "Mr A" * 25_000, "my name is A " * 8_000, "我叫王" * 30_000, "1-" * 50_000, "(" * 100_000, "+1(" * 30_000,
        "王先" * 50_000, "a" * 60 + "@" + "a-" * 50_000, "1.2.3." * 15_000, "passport " * 10_000, "regards " * 10_000,
        "Dr Van der " * 9_000, "13812345678 " * 8_000,
    ],
)  # fmt: skip
def test_no_text_makes_it_slow(text: str) -> None:
    begin = time.process_time()
    find(text)
    assert time.process_time() - begin < 3


TEXTS = st.lists(
    st.one_of(
        st.text(max_size=10),
        st.sampled_from(
            ["a@b.org", "13812345678", " ", "我叫王小明", "😀", "＠", "Mr Smith", "5555555555554444", "1"]
        ),
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_hits_lie_in_the_text_apart_and_in_order(text: str) -> None:
    end = 0
    for hit in find(text):
        assert hit.kind in KINDS
        assert end <= hit.start < hit.end <= len(text)
        end = hit.end


@given(TEXTS, st.sets(st.sampled_from(list(KINDS))))
def test_masking_changes_nothing_outside_the_hits(text: str, kinds: set[str]) -> None:
    expected, end = "", 0
    for hit in find(text):
        if hit.kind in kinds:
            expected += f"{text[end : hit.start]}[{hit.kind}]"
            end = hit.end
    assert mask(text, kinds) == expected + text[end:]


def test_a_very_long_text_is_masked_to_its_end() -> None:
    text = "word " * 50_000 + "write to anna@example.org"
    assert personal.mask(text).endswith("write to [email]")

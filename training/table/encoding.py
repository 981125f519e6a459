"""Which encoding a file is in. UTF-8 is tried first and wins whenever it explains the bytes."""

from __future__ import annotations

import codecs
import logging
import re
from dataclasses import dataclass

from training.problems import Problem
from training.table import kinds
from training.table.packed import Source

# What a person may choose; each name is one that Python knows.
ENCODINGS: tuple[str, ...] = (
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "iso8859_15",
    "mac_roman",
)
# Order of preference among those that fit equally well.
_GUESSES = (
    "gb18030",
    "big5",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "cp1252",
    "cp1251",
    "koi8_r",
    "cp1250",
)
_WIDE = frozenset({"gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"})
_BOMS: tuple[tuple[bytes, str], ...] = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 64 << 20  # bytes; faults behind them are reported by line while reading
_PIECE = 1 << 20
_UNPACKED = 8 << 20  # the same, where they have to be unpacked first
_SAMPLE = 48_000  # bytes of lines that are not ASCII, for a guess
_HIGH = re.compile(rb"[\x80-\xff]")
# Well-formed UTF-8 beyond ASCII (surrogates and overlong forms left out).
_UTF8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)


@dataclass(frozen=True)
class Encoding:
    name: str
    guessed: bool  # True: nothing in the file says so; a person should look at the preview


def normal_name(name: str) -> str:
    """The encoding's name among Python's; raises Problem(`file.encoding`) for one that is unknown."""
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        raise Problem("file.encoding", encoding=name) from None
    aliases = {
        "utf-8-sig": "utf-8",
        "gb2312": "gb18030",
        "gbk": "gb18030",
        "ascii": "utf-8",
        "cp932": "cp932",
    }
    found = aliases.get(found, found)
    if not _is_text(found):
        raise Problem("file.encoding", encoding=name)
    return found


def _is_text(name: str) -> bool:
    try:
        return isinstance("a,\n".encode(name), bytes)
    except (LookupError, UnicodeError):
        return False


def detect(source: Source) -> Encoding:
    """Raises Problem(`file.*`) when the file is empty or no text at all."""
    with source.open() as file:
        head = file.read(kinds.HEAD)
        if not head.strip(b" \t\r\n\v\f"):
            _refuse_blank(source)
        for mark, name in _BOMS:
            if head.startswith(mark):
                _refuse_only_mark(head, name)
                return Encoding(name, False)
        kinds.refuse(head)
        wide = _wide(head)
        if wide:
            return Encoding(wide, True)
        kinds.refuse_noise(head)
    most = _UNPACKED if source.packing else _LOOKED_AT
    return Encoding("utf-8", False) if _is_utf8(source, most) else _of_bytes(source.head(most))


def _refuse_blank(source: Source) -> None:
    with source.open() as file:
        while block := file.read(1 << 20):
            if block.strip(b" \t\r\n\v\f"):
                return
    raise Problem("file.empty")


def _refuse_only_mark(head: bytes, name: str) -> None:
    if len(head) < kinds.HEAD and not head.decode(name, "replace").strip("\ufeff \t\r\n\v\f\0"):
        raise Problem("file.empty")
    if name == "utf-8":
        kinds.refuse(head[3:])
        kinds.refuse_noise(head)


def _wide(head: bytes) -> str:
    """`utf-16-le` or `utf-16-be` for such text without its mark, else nothing."""
    if head.count(0) < len(head) * 0.02:
        return ""
    even = head[: len(head) // 2 * 2]
    scores = {name: _plausible(even, name) for name in ("utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.97 else ""


def _plausible(data: bytes, name: str) -> float:
    text = data.decode(name, "replace")
    if not re.search(r"[\r\n,;\t|]", text):
        return 0.0
    return sum(char.isprintable() or char in "\r\n\t" for char in text) / len(text)


def _of_bytes(data: bytes) -> Encoding:
    """Of text that is not all UTF-8."""
    sample = _telling_lines(data)
    if _mostly_utf8(sample):
        return Encoding("utf-8", False)  # the bad bytes are faults of their rows
    return Encoding(_guess(sample), True)


def _is_utf8(source: Source, most: int) -> bool:
    """Piece by piece, so that the text is never held as a whole; a character cut at the end is fine."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with source.open() as file:
            for at in range(0, most, _PIECE):
                piece = file.read(min(_PIECE, most - at))
                if not piece.isascii() or decoder.getstate()[0]:
                    decoder.decode(piece)
    except UnicodeDecodeError:
        return False
    return True


def _telling_lines(data: bytes) -> bytes:
    """Lines that hold bytes beyond ASCII, as many as a guess needs."""
    lines: list[bytes] = []
    size = 0
    for match in re.finditer(rb"[^\r\n]*[\x80-\xff][^\r\n]*", data):
        lines.append(match.group()[:4000])
        size += len(lines[-1])
        if size > _SAMPLE:
            break
    return b"\n".join(lines)


def _mostly_utf8(sample: bytes) -> bool:
    """More well-formed UTF-8 than bytes that are not: text of another encoding comes nowhere near."""
    good = sum(1 for _ in _UTF8.finditer(sample))
    bad = len(_HIGH.findall(_UTF8.sub(b"", sample)))
    return good > bad


def _guess(sample: bytes) -> str:
    fitting = [name for name in _GUESSES if _decodes(sample, name)]
    if not fitting:
        return "cp1252" if _decodes(sample, "latin-1") else "utf-8"
    scores = {name: _likely(sample.decode(name)) for name in fitting}
    best = max(fitting, key=lambda name: scores[name])
    close = [name for name in fitting if scores[name] >= scores[best] - 0.02 and name in _WIDE]
    # Two encodings of Chinese, Japanese and Korean can make the same bytes usual letters: words decide.
    return _by_normalizer(sample, close) if best in close and len(close) > 1 else best


def _by_normalizer(sample: bytes, names: list[str]) -> str:
    """charset-normalizer among encodings that explain the bytes equally well."""
    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").setLevel(logging.WARNING)
    match = from_bytes(sample, cp_isolation=names, enable_fallback=False).best()
    return match.encoding if match and match.encoding in names else names[0]


def _decodes(sample: bytes, name: str) -> bool:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True


# Script ranges with how usual their characters are in text of the encodings above.
_USUAL = re.compile(
    "[\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7a3\u0400-\u045f\u3001-\u3003\u3008-\u3011\uff01-\uff5e"
    "\u2018-\u201d\u2013\u2014\u2026\u20ac\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f\u00a0\u00ab\u00bb\u00bf\u00a1\u00b0\u00a3\u00a7\u00df\u00b7]"
)


def _likely(text: str) -> float:
    """Share of the characters beyond ASCII that ordinary writing uses, less for odd mixtures."""
    beyond = [char for char in text if char > "\x7f"]
    if not beyond:
        return 0.0
    usual = sum(1 for char in beyond if _USUAL.match(char))
    rare = sum(
        "\u0100" <= char <= "\u017f" for char in beyond
    )  # Western text is the likelier of two that fit
    return (usual - 0.1 * rare) / len(beyond) - 0.5 * _odd_mixture(text, len(beyond))


_ODD_CASE = re.compile(
    "[a-zà-öø-ÿа-я][À-ÖØ-ÞА-Я]|[A-Za-z][\u0400-\u045f\u4e00-\u9fff\uac00-\ud7a3][A-Za-z]"
    "|[À-ÖØ-öø-ÿ]{4}"
)


def _odd_mixture(text: str, beyond: int) -> float:
    return min(1.0, 2 * sum(len(m) for m in _ODD_CASE.findall(text)) / max(beyond, 1))

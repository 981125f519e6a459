"""Any table, in any dialect and encoding, comes back equal; any bytes at all are read or refused, never worse."""

from __future__ import annotations

import csv
import io
import tempfile
from itertools import zip_longest
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from training import table
from training.problems import TABLE, Problem

TEXTS = st.text(
    st.one_of(
        st.sampled_from(",;\t|\"'\n\r\\ x\u2028\x85"),
        st.characters(
            codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\0\ufeff"
        ),
    ),
    max_size=20,
)
TABLES = st.lists(st.tuples(TEXTS, TEXTS), max_size=12)
DELIMITERS = st.sampled_from(",;\t|")
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
LIMITS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def as_bytes(
    rows: list[tuple[str, str]], delimiter: str, end: str, quoting: int, encoding: str
) -> bytes:
    buffer = io.StringIO(newline="")
    if any("\r" in cell or "\n" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # the csv writer itself leaves some line ends bare
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["text", "label"])
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


@LIMITS
@given(TABLES, DELIMITERS, ENDS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), ENCODINGS)
def test_a_table_comes_back_equal(
    rows: list[tuple[str, str]], delimiter: str, end: str, quoting: int, encoding: str
) -> None:
    content = as_bytes(rows, delimiter, end, quoting, encoding)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(content)
        chosen = "gb18030" if encoding == "gb18030" else ""
        read = table.read(path, encoding=chosen, delimiter=delimiter)
        records = list(read)
    assert read.columns == ["text", "label"]
    assert not [fault for record in records for fault in record.faults]
    # Rows that hold nothing but spaces are left out.
    assert [tuple(record.cells) for record in records] == [
        row for row in rows if any(cell.strip() for cell in row)
    ]


@LIMITS
@given(TABLES, DELIMITERS, ENDS)
def test_lines_point_at_the_rows(rows: list[tuple[str, str]], delimiter: str, end: str) -> None:
    marked = [(text, f"#{number}") for number, (text, _) in enumerate(rows)]
    content = as_bytes(marked, delimiter, end, csv.QUOTE_ALL, "utf-8")
    physical = io.StringIO(content.decode(), newline="").readlines()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(content)
        records = list(table.read(path, delimiter=delimiter))
    for record, following in zip_longest(records, records[1:]):
        end_line = following.line - 1 if following else len(physical)
        part = "".join(physical[record.line - 1 : end_line])
        assert next(csv.reader(io.StringIO(part, newline=""), delimiter=delimiter)) == record.cells


@LIMITS
@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=60).map(lambda tail: b"text,label\nx,a\n" + tail),
    )
)
@example(b'"')
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb")
@example(b"sep=;")
@example(b"sep=\xff\n")
def test_any_bytes_are_read_or_refused_with_a_code(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(content)
        try:
            shown = table.preview(path)
        except Problem as problem:
            refused = problem.code
            shown = None
    if shown is None:
        assert refused in TABLE
        return
    for cell in [*shown.columns, *(cell for row in shown.rows for cell in row)]:
        cell.encode("utf-8")
    assert all(fault["code"] in TABLE for fault in shown.faults)
    assert all(len(row) == len(shown.columns) for row in shown.rows)

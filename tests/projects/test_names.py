"""Names of files and things, as people give them."""

import pytest

from projects.names import file_name, one_line


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\rows.csv", "rows.csv"),
        ("a\0.csv", "a.csv"),
        ("a\r\nb.csv", "a b.csv"),
        ("invoice\u202evsc.exe", "invoicevsc.exe"),
        (".csv", "csv"),
        ("", "file"),
        ("..", "file"),
        ("\ud800.csv", "csv"),
        ("数据 集.csv", "数据 集.csv"),
        ("-rf.csv", "-rf.csv"),
        ("%2e%2e%2f.csv", "%2e%2e%2f.csv"),
    ],
)
def test_it_is_clean(given: str, shown: str) -> None:
    assert file_name(given) == shown


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "长" * 300 + ".csv", "y" * 300])
def test_it_fits_a_file_system(name: str) -> None:
    short = file_name(name)
    assert len(short.encode()) <= 200
    assert short.endswith(".csv") == name.endswith(".csv")


def test_one_line_keeps_emoji_and_direction_free_text() -> None:
    assert one_line("  a \t👨‍👩‍👧\n مرحبا ") == "a 👨‍👩‍👧 مرحبا"

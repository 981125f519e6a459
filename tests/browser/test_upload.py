"""Files of one's own: read as they were meant, or refused with every fault and its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
CHECK = 60_000  # milliseconds
# Western European, with semicolons: neither is said anywhere.
REVIEWS = "Bewertung;Urteil;Quelle\n" + "".join(
    f"Gerät Nummer {n} ist {word}, schöne Grüße;{label};Laden {n % 3}\n"
    for n in range(15)
    for word, label in (("großartig", "gut"), ("ärgerlich", "schlecht"))
)
ONE_LABEL = "text,label\n" + "".join(f"Text number {n},same\n" for n in range(5))


def test_a_file_is_read_as_it_was_meant(walk: Any, tmp_path: Path) -> None:
    project(walk, "grace@example.org")
    send(walk, tmp_path / "reviews.csv", REVIEWS.encode("cp1252"))
    expect(walk.page.get_by_text("schöne Grüße").first).to_be_visible()
    walk.look("preview")
    walk.page.get_by_label("Text", exact=True).select_option("Bewertung")
    walk.page.get_by_label("Label", exact=True).select_option("Urteil")
    expect(walk.page.get_by_text("schöne Grüße").first).to_be_visible()
    walk.page.get_by_role("button", name="Check data").click()
    walk.page.wait_for_url("**/versions/**", timeout=CHECK)
    expect(walk.page.get_by_role("cell", name="schlecht").first).to_be_visible()
    walk.look("version-own")


def test_a_file_that_cannot_be_used_says_why(walk: Any, tmp_path: Path) -> None:
    project(walk, "edsger@example.org")
    send(walk, tmp_path / "one.csv", ONE_LABEL.encode())
    walk.page.get_by_role("button", name="Check data").click()
    expect(walk.page.get_by_text("Something has to be mended first")).to_be_visible(timeout=CHECK)
    walk.look("check-blocked")
    walk.page.get_by_role("link", name="Upload a corrected file").click()
    walk.look("upload")


def test_a_picture_is_refused_on_the_spot(walk: Any, tmp_path: Path) -> None:
    project(walk, "barbara@example.org")
    send(walk, tmp_path / "picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(2000), wait=False)
    expect(walk.page.get_by_role("alert").first).to_be_visible()
    walk.look("upload-refused")


def project(walk: Any, email: str) -> None:
    walk.go("/accounts/signup/")
    walk.page.get_by_label("Email").fill(email)
    walk.page.get_by_label("Password").fill("correct horse battery")
    walk.page.get_by_role("button", name="Create account").click()
    walk.page.get_by_role("link", name="New project").first.click()
    walk.page.get_by_role("textbox", name="Name").fill("Reviews")
    walk.page.get_by_role("button", name="Create project").click()
    expect(walk.page.get_by_role("heading", name="Reviews", level=1)).to_be_visible()


def send(walk: Any, path: Path, data: bytes, wait: bool = True) -> None:
    path.write_bytes(data)
    walk.page.locator("#file").set_input_files(path)
    if wait:
        walk.page.wait_for_url("**/uploads/**")

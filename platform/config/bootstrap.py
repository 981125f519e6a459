"""Makes .venv and installs the site into it, by its constraints file; `make setup` runs this.

Only the standard library, because nothing is installed yet, and nothing above the line that a Python 3 of any age could
not read, because the first thing to say may be that this one is too old. What was installed is noted in a stamp inside
.venv: a repeat that finds its wish there does nothing and needs no network.
"""

import argparse
import ast
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)


def use_fit_python() -> None:
    """Goes on in this Python when it is fit, in another one on the PATH when it is not."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        other = shutil.which(f"python3.{minor}")
        if other and works(other):
            os.execv(other, [other, *sys.argv])  # noqa: S606
    sys.exit(
        f"Attune needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is {sys.version.split()[0]} "
        f"({sys.executable}).\nInstall one of those, then name it: make PYTHON=python3.11 run"
    )


def works(python: str) -> bool:
    """Whether it starts: a version manager may leave a stub on the PATH that only prints a message."""
    return subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL) == 0


if __name__ == "__main__":
    use_fit_python()

# --- what follows is read by a fit Python only --------------------------------------------------------------------

import tomllib  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ROOM = 4 * 1024**3  # bytes: what is installed, and what is unpacked on the way there
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Failed(Exception):
    """What was expected, what was found and what to do, for the terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 when what was asked for is there."""
    options = parse(arguments)
    try:
        install(ROOT, set(options.extras))
    except Failed as failed:
        say(f"\n{failed}")
        return 1
    if options.browser:
        install_browser()
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Installs Attune into .venv.")
    parser.add_argument("--extras", nargs="*", default=[], help="extras of pyproject.toml")
    parser.add_argument("--browser", action="store_true", help="Chromium too, for browser tests")
    return parser.parse_args(arguments)


def install(root: Path, extras: set[str]) -> None:
    """Brings root/.venv to pyproject.toml, constraints.txt and the extras; extras that are there stay."""
    venv = root / ".venv"
    with locked(venv):
        wish, (done, there) = fingerprint(root), read_stamp(venv)
        if wish == done and extras <= there:
            return
        check_room(root)
        (venv / "stamp.json").unlink(missing_ok=True)
        make_venv(venv)
        fill_venv(root, venv, sorted(extras | there))
        write_stamp(venv, wish, extras | there)


@contextlib.contextmanager
def locked(venv: Path) -> Iterator[None]:
    """Two set-ups at once take turns, so that neither sees half of what the other does."""
    venv.mkdir(exist_ok=True)
    with (venv / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fingerprint(root: Path) -> str:
    """Changes when what has to be installed changes; settings of tools in pyproject.toml don't count."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [
        project["project"],
        project["build-system"],
        project["tool"]["hatch"],
        (root / "constraints.txt").read_text(encoding="utf-8"),
        [sys.version, str(root)],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_stamp(venv: Path) -> tuple[str, set[str]]:
    """The fingerprint and the extras of what is installed; ("", …) where it can no longer be run."""
    try:
        stamp = json.loads((venv / "stamp.json").read_text(encoding="utf-8"))
        alive = python_of(venv).exists()  # false where the Python below it was removed
        return stamp["wish"] if alive else "", set(stamp["extras"])
    except (OSError, ValueError, KeyError):
        return "", set()


def write_stamp(venv: Path, wish: str, extras: set[str]) -> None:
    text = json.dumps({"wish": wish, "extras": sorted(extras)})
    (venv / "stamp.json").write_text(text, encoding="utf-8")


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def check_room(root: Path) -> None:
    free = shutil.disk_usage(root).free
    if free < ROOM:
        raise Failed(
            f"Not enough space on the disk: installing needs {ROOM / 1e9:.1f} GB free in {root}, "
            f"{free / 1e9:.1f} GB are there.\nMake room, then run the same command again."
        )


def make_venv(venv: Path) -> None:
    """Keeps a .venv whose Python is this one; makes it anew otherwise."""
    if is_ours(venv):
        return
    say(f"Making .venv with Python {sys.version.split()[0]} …")
    # Not --clear, which would take the lock file away: the parts that a Python brings are removed by name.
    for part in ("bin", "lib", "lib64", "include"):
        remove(venv / part)
    answer = captured(sys.executable, "-m", "venv", str(venv))
    if answer.returncode:
        raise Failed(
            f"{answer.stdout.strip()}\n\nPython could not make a virtual environment. On Debian and "
            "Ubuntu: apt install python3-venv. Then run the same command again."
        )


def is_ours(venv: Path) -> bool:
    if not python_of(venv).exists():
        return False
    answer = captured(str(python_of(venv)), "-m", "pip", "--version")
    major_minor = "{}.{}".format(*sys.version_info)
    return answer.returncode == 0 and f"(python {major_minor})" in answer.stdout


def remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def fill_venv(root: Path, venv: Path, extras: list[str]) -> None:
    target = str(root) + (f"[{','.join(extras)}]" if extras else "")
    what = ["-c", str(root / "constraints.txt"), "-e", target]
    say(
        "Installing; the first time about 400 MB are downloaded and 2 GB written, in a few minutes …"
    )
    if run_uv(venv, what):
        return
    if subprocess.call([*pip_install(venv), *what]):
        raise Failed(
            "pip could not install everything; its last lines say why. See to the network or the disk, "
            "then run the same command again: it goes on where it stopped."
        )


def pip_install(venv: Path) -> list[str]:
    pip = [str(python_of(venv)), "-m", "pip", "install"]
    return [*pip, "--no-input", "--disable-pip-version-check"]


def run_uv(venv: Path, what: list[str]) -> bool:
    """Whether uv has installed it all, several times as fast; pip knows every configuration."""
    uv = shutil.which("uv") or own_uv(venv, what[:2])
    if not uv:
        return False
    command = [uv, "pip", "install", "--python", str(python_of(venv)), *what]
    listing = captured(sys.executable, "-m", "pip", "config", "list").stdout
    if subprocess.call(command, env={**uv_settings(listing), **os.environ}) == 0:
        return True
    say("uv could not do it; trying with pip …")
    return False


def own_uv(venv: Path, constraints: Sequence[str]) -> str | None:
    """The uv that pip puts into .venv for this; None where it cannot, which costs no more than one try."""
    answer = captured(*pip_install(venv), "--retries", "0", *constraints, "uv")
    return str(venv / "bin" / "uv") if answer.returncode == 0 else None


def uv_settings(listing: str) -> dict[str, str]:
    """uv reads no pip configuration: what `pip config list` says is handed on, with pip's way of choosing."""
    pip = {}
    # `global.find-links='…'`, `:env:.find-links='…'`: what stands in the environment wins.
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        name, equals, value = line.partition("=")
        if equals:
            pip[name.rpartition(".")[2]] = str(ast.literal_eval(value)).split()
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for key, variable, between in (
        ("find-links", "UV_FIND_LINKS", ","),
        ("index-url", "UV_DEFAULT_INDEX", " "),
        ("extra-index-url", "UV_INDEX", " "),
        ("constraint", "UV_CONSTRAINT", " "),
        ("trusted-host", "UV_INSECURE_HOST", " "),
        ("no-index", "UV_NO_INDEX", " "),
        ("cert", "SSL_CERT_FILE", " "),
        ("proxy", "ALL_PROXY", " "),
    ):
        if pip.get(key):
            settings[variable] = between.join(pip[key])
    return settings


def install_browser() -> None:
    """Chromium and a font with Chinese, where apt may; browser tests say so themselves where it is missing."""
    if find_browser():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("There is no Chromium, so browser tests will be skipped; install it to run them.")
        return
    say("Installing Chromium for the browser tests …")
    log = apt("update", "-qq")
    log += apt("install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk")
    if not find_browser():
        say(f"{log[-2000:]}\nChromium could not be installed; browser tests will be skipped.")


def apt(*arguments: str) -> str:
    return captured("apt-get", *arguments, DEBIAN_FRONTEND="noninteractive").stdout


def find_browser() -> str | None:
    named = os.environ.get("ATTUNE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def captured(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

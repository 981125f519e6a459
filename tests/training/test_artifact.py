"""The folder that a person downloads."""

from __future__ import annotations

import os
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from training import artifact
from training.problems import Problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    (folder / "deep").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "deep" / "model.safetensors").write_bytes(bytes(1000))
    (folder / "名称.txt").write_text("x")
    return folder


def test_it_works(folder: Path) -> None:
    artifact.write_checksums(folder)
    assert artifact.verify_checksums(folder) == 3


def test_sha256sum_reads_the_checksums(folder: Path) -> None:
    artifact.write_checksums(folder)
    subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_checksums_may_be_written_again(folder: Path) -> None:
    artifact.write_checksums(folder)
    artifact.write_checksums(folder)
    assert artifact.verify_checksums(folder) == 3


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda folder: (folder / "config.json").write_text("[]"), "changed"),
        (lambda folder: (folder / "config.json").unlink(), "missing"),
        (lambda folder: (folder / "more.py").write_text(""), "added"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "missing or damaged"),
        (lambda folder: (folder / "SHA256SUMS").write_text("x"), "missing or damaged"),
    ],
)
def test_it_names_what_is_not_as_it_was(
    folder: Path, change: Callable[[Path], object], found: str
) -> None:
    artifact.write_checksums(folder)
    change(folder)
    with pytest.raises(Problem, match=found) as caught:
        artifact.verify_checksums(folder)
    assert caught.value.code == "artifact.broken"


def test_it_refuses_links(folder: Path) -> None:
    artifact.write_checksums(folder)
    (folder / "secret").symlink_to("/etc/passwd")
    for action in (artifact.write_checksums, artifact.verify_checksums):
        with pytest.raises(ValueError, match="link"):
            action(folder)
    with pytest.raises(ValueError, match="link"):
        artifact.zip_folder(folder, folder.parent / "a.zip")
    assert not (folder.parent / "a.zip").exists()


def test_the_zip_holds_every_file(folder: Path) -> None:
    made = artifact.zip_folder(folder, folder.parent / "a.zip", root="model")
    with zipfile.ZipFile(made["path"]) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "model/config.json",
            "model/deep/model.safetensors",
            "model/名称.txt",
        ]
        assert archive.read("model/deep/model.safetensors") == bytes(1000)
    assert made["sha256"] == artifact.sha256(Path(made["path"]))
    assert made["size"] == Path(made["path"]).stat().st_size


def test_the_same_folder_gives_the_same_zip(folder: Path) -> None:
    first = artifact.zip_folder(folder, folder.parent / "a.zip")
    os.utime(folder / "config.json", (time.time() - 9999,) * 2)
    (folder / "config.json").chmod(0o600)
    assert artifact.zip_folder(folder, folder.parent / "b.zip")["sha256"] == first["sha256"]


def test_no_half_zip_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(artifact, "_add", full)
    with pytest.raises(OSError, match="disk full"):
        artifact.zip_folder(folder, folder.parent / "a.zip")
    assert not list(folder.parent.glob("*zip*"))

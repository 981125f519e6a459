"""The folder that a person downloads: its checksums and its zip. No torch."""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import suppress
from pathlib import Path

from training.problems import Problem

CHECKSUMS = "SHA256SUMS"
_TIME = (1980, 1, 1, 0, 0, 0)  # the same folder gives the same zip
_PACKED = frozenset({".safetensors", ".zip", ".png"})  # not worth compressing


def files(folder: Path) -> list[Path]:
    """Every file below the folder, sorted. Raises ValueError at a link: nothing outside may come along."""
    found = []
    for path in sorted(folder.rglob("*"), key=lambda item: item.relative_to(folder).as_posix()):
        if path.is_symlink():
            raise ValueError(f"A link in an artifact: {path.name}")
        if path.is_file():
            found.append(path)
    return found


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(folder: str | Path) -> Path:
    """Writes SHA256SUMS over all other files, as `sha256sum -c` reads it. Written last, it says the folder is whole."""
    folder = Path(folder)
    lines = [
        f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n"
        for path in files(folder)
        if path.name != CHECKSUMS
    ]
    part = folder / f".{CHECKSUMS}.part"
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line for line in lines if not line.endswith(f"{part.name}\n"))
        file.flush()
        os.fsync(file.fileno())
    return part.replace(folder / CHECKSUMS)


def verify_checksums(folder: str | Path) -> int:
    """The number of files, all as they were written. Raises Problem(`artifact.broken`) for the first that is not."""
    folder = Path(folder)
    expected = listed(folder)
    present = {path.relative_to(folder).as_posix() for path in files(folder)} - {CHECKSUMS}
    for name in sorted(expected.keys() | present):
        if name not in present:
            raise Problem("artifact.broken", found=f"“{name}” is missing.", file=name)
        if name not in expected:
            raise Problem("artifact.broken", found=f"“{name}” was added.", file=name)
        if sha256(folder / name) != expected[name]:
            raise Problem("artifact.broken", found=f"“{name}” was changed.", file=name)
    return len(expected)


def listed(folder: Path) -> dict[str, str]:
    """File -> SHA-256, as the folder's list says. Raises Problem(`artifact.broken`) where there is none."""
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        raise Problem(
            "artifact.broken", found=f"“{CHECKSUMS}” is missing or damaged.", file=CHECKSUMS
        ) from None


def zip_folder(folder: str | Path, zip_path: str | Path, root: str = "") -> dict[str, str | int]:
    """Packs the folder below the name `root`; the same files give the same bytes. Appears whole or not at all.

    Gives path, size (bytes) and sha256.
    """
    folder, zip_path = Path(folder), Path(zip_path)
    part = zip_path.with_name(f".{zip_path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for path in files(folder):
                _add(
                    archive,
                    path,
                    "/".join(filter(None, (root, path.relative_to(folder).as_posix()))),
                )
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(zip_path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return {"path": str(zip_path), "size": zip_path.stat().st_size, "sha256": sha256(zip_path)}


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.external_attr = 0o100644 << 16
    entry.create_system = 3  # Unix, on every machine
    entry.compress_type = zipfile.ZIP_STORED if path.suffix in _PACKED else zipfile.ZIP_DEFLATED
    entry.file_size = path.stat().st_size  # tells zipfile when it needs Zip64
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while block := source.read(1 << 20):
            target.write(block)

"""What a frozen base makes of pieces, kept in a file beside the data, so that no text is read twice.

A draft, the linear model that a fine-tune's head starts from, the search for wrong labels and suggestions for new rows
all ask for the same vectors. They are always computed in fp32: what comes out of the file is what was computed, to
the bit.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from training import artifact, unpadded, version
from training.files import core

Floats = npt.NDArray[np.floating[Any]]
Piece = Mapping[str, Any]
FORMAT = "1"
CHUNK = 2048  # pieces between two signs of life
GROWN = 512  # new pieces with which a growing file is written again
FILES = 4  # beside one version or pool; of more, those that were not asked for longest go
MOST = 512 * 1024**2  # bytes of a file; what is larger is computed again each time
READ = ("ids", "types", "marks", "first")  # what of a piece decides its vector
_BASES: dict[tuple[str, int], str] = {}  # digests of base folders that this process has read


@dataclass
class Store:
    """Vectors of one base, which its digest names. Without a `folder` they live as long as this object.

    With `growing`, one file takes up whatever is asked for, and is written now and then. Else a file holds exactly the
    pieces that were asked for together: how they are batched, and with it the last bit of a vector, then never depends
    on who came first.
    """

    folder: Path | None
    base: str
    growing: bool = False
    computed: int = 0  # pieces that the base has read
    _known: dict[bytes, Floats] = field(default_factory=dict)
    _unsaved: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)  # for those who share it

    def of(self, network: Any, pieces: Sequence[Piece]) -> Generator[float, None, list[Floats]]:
        """One array a piece, (*network.shape) or (size, *network.shape); yields the share that is done."""
        keys = [key_of(piece) for piece in pieces]
        file = self._file(network, keys)
        if not set(keys) <= self._known.keys():
            self._known |= _read(file) if file else {}
        new = {
            key: piece for key, piece in zip(keys, pieces, strict=True) if key not in self._known
        }
        yield from self._compute(network, new)
        found = {key: self._known[key] for key in keys}
        self._unsaved += len(new)
        if file and self._unsaved >= (GROWN if self.growing else 1):
            _write(file, self._known if self.growing else found)
            self._unsaved = 0
        return [found[key] for key in keys]

    def _compute(self, network: Any, new: Mapping[bytes, Piece]) -> Generator[float, None, None]:
        """Longest first, so that a batch pads little; in an order that depends on the pieces alone."""
        network.eval()
        order = sorted(new, key=lambda key: (-len(new[key]["ids"]), key))
        for begin in range(0, len(order), CHUNK):
            keys = order[begin : begin + CHUNK]
            with unpadded.exact(network):
                found = core.run(network, [new[key] for key in keys], "vectors")
            self._known |= dict(zip(keys, found, strict=True))
            self.computed += len(keys)
            yield min(1.0, (begin + CHUNK) / len(order))

    def _file(self, network: Any, keys: Sequence[bytes]) -> Path | None:
        if self.folder is None:
            return None
        told = {
            "base": self.base,
            "head": network.about["head"],
            "pooling": network.about.get("pooling") or core.MEAN,
            "device": next(network.parameters()).device.type,
            "format": FORMAT,
        }
        hashed = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for key in () if self.growing else sorted(set(keys)):
            hashed.update(key)
        return self.folder / f"{hashed.hexdigest()[:32]}.safetensors"


def of_version(path: str | Path, base: Path) -> Store:
    """Beside the file of a version; in memory alone where there is none."""
    return Store(version.vectors_folder(path) if path else None, digest_of(base))


def key_of(piece: Piece) -> bytes:
    told = json.dumps([piece.get(name) for name in READ])
    return hashlib.blake2b(told.encode(), digest_size=16).digest()


def digest_of(base: Path) -> str:
    """Of all files of a base: one that was replaced gives other vectors."""
    files = artifact.files(base.resolve())
    newest = max((path.stat().st_mtime_ns for path in files), default=0)
    known = (str(base), newest)
    if known not in _BASES:
        hashed = hashlib.sha256()
        for path in files:
            hashed.update(f"{path.name}\0{artifact.sha256(path)}\n".encode())
        _BASES[known] = hashed.hexdigest()
    return _BASES[known]


# --- the file ------------------------------------------------------------------------------------------------------


def _read(file: Path) -> dict[bytes, Floats]:
    """{} for a file that is missing or not what was written: it is then computed again."""
    try:
        with safe_open(file, framework="numpy") as opened:
            found = {name: opened.get_tensor(name) for name in ("keys", "sizes", "vectors")}
            whole = (opened.metadata() or {}).get("digest") == _digest(found)
    except (OSError, SafetensorError):
        return {}
    if not whole:
        return {}
    with suppress(OSError):
        os.utime(file)  # the last that was asked for stays longest
    return _unpacked(found)


def _write(file: Path, known: Mapping[bytes, Floats]) -> None:
    """Whole or not at all. A disk that is full or may not be written to costs time later, nothing else."""
    packed = _packed(known)
    if sum(item.nbytes for item in packed.values()) > MOST:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)
        os.close(handle)
    except OSError:
        return
    try:
        save_file(packed, part, metadata={"digest": _digest(packed)})
        with open(part, "rb") as written:  # noqa: PTH123
            os.fsync(written.fileno())
        os.replace(part, file)  # noqa: PTH105
        _tidy(file.parent)
    except (OSError, SafetensorError):
        return
    finally:
        Path(part).unlink(missing_ok=True)


def _packed(known: Mapping[bytes, Floats]) -> dict[str, npt.NDArray[Any]]:
    """`sizes`: how many vectors each piece has, -1 for one that is not a list of them."""
    several = len({len(item) for item in known.values()}) > 1
    keys = np.frombuffer(b"".join(known), np.uint8).reshape(len(known), -1)
    sizes = np.array([len(item) if several else -1 for item in known.values()], np.int32)
    join = np.concatenate if several else np.stack
    return {"keys": keys, "sizes": sizes, "vectors": join(list(known.values())).astype(np.float32)}


def _unpacked(found: Mapping[str, npt.NDArray[Any]]) -> dict[bytes, Floats]:
    keys, sizes, vectors = (found[name] for name in ("keys", "sizes", "vectors"))
    if (sizes < 0).all():
        return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
    parts = np.split(vectors, np.cumsum(sizes)[:-1])
    return {key.tobytes(): part for key, part in zip(keys, parts, strict=True)}


def _digest(found: Mapping[str, npt.NDArray[Any]]) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for name in ("keys", "sizes", "vectors"):
        hashed.update(np.ascontiguousarray(found[name]).data)
    return hashed.hexdigest()


def _tidy(folder: Path) -> None:
    """Leaves the files that were asked for last."""
    files = sorted(folder.glob("*.safetensors"), key=lambda path: -path.stat().st_mtime_ns)
    for path in files[FILES:]:
        path.unlink(missing_ok=True)

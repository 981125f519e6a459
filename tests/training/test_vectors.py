"""What a frozen base makes of texts: computed once, the same to the bit afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.conftest import about_of, rows_of
from training import backbone, unpadded, vectors
from training.coding import pair, sequence, token
from training.events import last_of
from training.vectors import Store

CODINGS = {"sequence": sequence, "pair": pair, "token": token}
RECORDS = [
    {"text": text, "text_a": text, "text_b": text[::-1]} for text, _label in rows_of(30, seed=3)
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Which others may have changed."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


def made(base: Path, head: str = "sequence") -> tuple[Any, list[Any]]:
    """(network, pieces)."""
    about = about_of("a", "b") | {"head": head, "calibration": [1.0, 0.0]}
    about["inputs"] = ["text_a", "text_b"] if head == "pair" else ["text"]
    found = CODINGS[head].pieces(backbone.tokenizer(base), RECORDS, 32, about)
    return backbone.network(base, about), found


def asked(folder: Path | None, base: Path, head: str = "sequence", **more: Any) -> tuple[Any, int]:
    """(vectors, how many pieces were read for them) of a store that is opened anew."""
    store = Store(folder, vectors.digest_of(base), **more)
    found = last_of(store.of(*made(base, head)))
    return found, store.computed


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("head", CODINGS)
def test_it_works(head: str, tiny_base: Path, kept: Path) -> None:
    """The second time nothing is read, and each vector is what it was."""
    first, read = asked(kept, tiny_base, head)
    again, later = asked(kept, tiny_base, head)
    assert (read, later) == (len(RECORDS), 0)
    assert same(first, again)
    assert same(first, asked(None, tiny_base, head)[0])


def test_they_are_those_of_the_network(tiny_base: Path) -> None:
    network, pieces = made(tiny_base)
    found = last_of(Store(None, "").of(network, pieces))
    plain = vectors.core.run(network.eval(), pieces, "vectors")
    assert np.abs(np.array(found) - np.array(plain)).max() < 1e-5


def test_a_network_that_trains_in_bf16_gives_the_same(tiny_base: Path) -> None:
    network, pieces = made(tiny_base)
    unpadded.prepare(network, "bf16")
    read = network.read
    with torch.autocast("cpu", enabled=False):
        found = last_of(Store(None, "").of(network, pieces))
    assert same(found, asked(None, tiny_base)[0])
    assert network.read is read
    assert network.base.config._attn_implementation == "eager"


def test_the_order_of_the_rows_changes_nothing(tiny_base: Path) -> None:
    network, pieces = made(tiny_base)
    found = last_of(Store(None, "").of(network, pieces[::-1]))
    assert same(found[::-1], asked(None, tiny_base)[0])


def test_a_copy_is_read_once(tiny_base: Path) -> None:
    network, pieces = made(tiny_base)
    store = Store(None, "")
    found = last_of(store.of(network, pieces + pieces))
    assert store.computed == len(pieces)
    assert same(found[: len(pieces)], found[len(pieces) :])


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_written_again(damage: str, tiny_base: Path, kept: Path) -> None:
    first, _read = asked(kept, tiny_base)
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    broken = {"cut": whole[:-40], "flipped": whole[:-40] + b"x" * 40, "empty": b""}[damage]
    file.write_bytes(broken)
    again, read = asked(kept, tiny_base)
    assert (read, same(first, again)) == (len(RECORDS), True)
    assert file.read_bytes() == whole


def test_another_base_has_a_file_of_its_own(tiny_base: Path, kept: Path) -> None:
    network, pieces = made(tiny_base)
    for base in ("one", "two", "two"):
        store = Store(kept, base)
        last_of(store.of(network, pieces))
    assert (len(list(kept.iterdir())), store.computed) == (2, 0)


def test_other_rows_have_a_file_of_their_own(tiny_base: Path, kept: Path) -> None:
    """So that how rows are batched, and with it the last bit, never depends on who came first."""
    network, pieces = made(tiny_base)
    for part in (pieces, pieces[:20]):
        store = Store(kept, "base")
        found = last_of(store.of(network, part))
        assert store.computed == len(part)
        assert same(found, last_of(Store(None, "").of(network, part)))


def test_a_growing_file_takes_up_what_is_new(
    tiny_base: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "GROWN", 1)
    network, pieces = made(tiny_base)
    counts = []
    for part in (pieces[:10], pieces[5:20], pieces):
        store = Store(kept, "base", growing=True)
        last_of(store.of(network, part))
        counts.append(store.computed)
    assert (counts, len(list(kept.iterdir()))) == ([10, 10, 10], 1)


def test_few_files_stay(tiny_base: Path, kept: Path) -> None:
    network, pieces = made(tiny_base)
    for number in range(vectors.FILES + 2):
        last_of(Store(kept, f"base {number}").of(network, pieces[:2]))
        for path in kept.iterdir():  # a clock may tick too rarely
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 10))
    store = Store(kept, f"base {number}")
    last_of(store.of(network, pieces[:2]))
    assert (len(list(kept.iterdir())), store.computed) == (vectors.FILES, 0)


def test_what_cannot_be_written_is_computed_again(
    tiny_base: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept / "file").write_text("no folder")
    assert asked(kept / "file" / "x", tiny_base)[1] == len(RECORDS)
    monkeypatch.setattr(vectors, "MOST", 10)
    assert asked(kept, tiny_base)[1] == len(RECORDS)
    assert {path.name for path in kept.iterdir()} == {"file"}

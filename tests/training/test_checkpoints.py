"""States of a training on the disk: whole, or not there; the last two; the same file once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from training import checkpoints
from training.checkpoints import DEPTH, STATE, Broken, Store


def save(store: Store, value: int, size: int = 10) -> None:
    with store.next() as part:
        checkpoints.write_json(part / STATE, {"value": value})
        (part / "weights").write_bytes(bytes(size))


def test_the_newest_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "states")
    assert store.newest() == (None, [])
    for value in range(4):
        save(store, value)
    found, faults = store.newest()
    assert found
    assert (found.state, faults) == ({"value": 3}, [])


def test_the_last_two_are_kept_by_their_number(tmp_path: Path) -> None:
    store = Store(tmp_path / "states")
    for value in range(12):
        save(store, value)
        for path in store.folder.iterdir():  # clocks may jump
            os.utime(path, (0, 1000 - value))
    assert store.numbers() == [12, 11]
    assert len(store.numbers()) == DEPTH


def test_a_state_that_is_not_finished_was_never_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "states")
    save(store, 1)

    def half() -> None:
        with store.next() as part:
            (part / "weights").write_bytes(b"half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        half()
    assert [path.name for path in store.folder.iterdir()] == ["000001"]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_it_is_whole_whichever_call_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Fails the first, the second … of the calls, until all of them succeed."""
    owner = os if call == "fsync" else Path
    real: Callable[..., object] = getattr(owner, call)
    store, failed = Store(tmp_path / "states"), 0
    save(store, 0)
    while True:
        left = [failed]

        def shaky(*given: object, left: list[int] = left) -> object:
            left[0] -= 1
            if left[0] == -1:
                raise OSError(5, "Input/output error")
            return real(*given)

        with monkeypatch.context() as patch:
            patch.setattr(owner, call, shaky)
            try:
                save(store, 1)
            except OSError:
                failed += 1
                found, faults = store.newest()
                assert found
                assert not faults
                continue
        break
    assert failed == {"fsync": 5, "rename": 1}[call]
    assert not list(store.folder.glob(".*"))


def test_what_is_linked_is_there_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "states")
    save(store, 1, size=1000)
    with store.next() as part:
        checkpoints.link(store.folder / "000001" / "weights", part / "weights")
        checkpoints.link(part / "weights", part / "again")
        checkpoints.write_json(part / STATE, {})
    assert (store.folder / "000002" / "weights").stat().st_nlink == 3
    assert 1000 < store.size("000002") < 1500
    store.remove(1)
    assert store.newest()[0]


def test_without_links_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError("no links")))
    save(Store(tmp_path / "a"), 1)
    checkpoints.link_tree(tmp_path / "a", tmp_path / "b")
    assert Store(tmp_path / "b").newest()[0]


def test_a_state_can_be_carried_elsewhere(tmp_path: Path) -> None:
    save(Store(tmp_path / "here" / "seed-0"), 7)
    (tmp_path / "here" / "seed-0" / ".000002.part").mkdir()
    checkpoints.link_tree(tmp_path / "here", tmp_path / "there")
    found, faults = Store(tmp_path / "there" / "seed-0").newest()
    assert found
    assert (found.state, faults) == ({"value": 7}, [])
    assert [path.name for path in (tmp_path / "there" / "seed-0").iterdir()] == ["000001"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9, "files": {"state.json": {}}}'])
def test_a_manifest_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path / "states")
    save(store, 1)
    (store.folder / "000001" / checkpoints.MANIFEST).write_text(text)
    with pytest.raises(Broken):
        store.read("000001")

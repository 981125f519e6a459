"""Several short pieces in one row of tokens. For training alone; what a part says is not seen by the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Piece = dict[str, Any]


def packed(pieces: Sequence[Piece], limit: int) -> list[Piece]:
    """Pieces of `limit` tokens at most, `parts` being the lengths within; each goes where it fits best."""
    order = sorted(range(len(pieces)), key=lambda place: -len(pieces[place]["ids"]))
    rooms: dict[int, list[int]] = {}  # tokens left -> rows that have so many
    rows: list[list[int]] = []
    for place in order:
        size = len(pieces[place]["ids"])
        left = min((room for room in rooms if room >= size), default=None)
        if left is None:
            rows.append([])
            left, row = max(limit, size), len(rows) - 1
        else:
            row = rooms[left].pop()
            if not rooms[left]:
                del rooms[left]
        rows[row].append(place)
        rooms.setdefault(left - size, []).append(row)
    return [_joined([pieces[place] for place in row]) for row in rows]


def _joined(pieces: Sequence[Piece]) -> Piece:
    ids = [token for piece in pieces for token in piece["ids"]]
    # The first token of a part follows nothing.
    loss = [
        carries and place > 0 for piece in pieces for place, carries in enumerate(piece["loss"])
    ]
    return {
        "row": pieces[0]["row"],
        "rows": [piece["row"] for piece in pieces],
        "ids": ids,
        "loss": [int(carries) for carries in loss],
        "parts": [len(piece["ids"]) for piece in pieces],
        "size": len(ids),
    }


def packs(network: Any, tolerance: float = 1e-4) -> bool:
    """Whether this network, in evaluation mode, reads parts of a row as it reads rows: not every kind of base does."""
    sizes = (5, 9, 3)
    given: list[Piece] = [
        {
            "row": row,
            "ids": [3 + row + place for place in range(size)],
            "loss": [0] + [1] * (size - 1),
        }
        for row, size in enumerate(sizes)
    ]
    try:
        together = float(network.loss(network.collate(packed(given, sum(sizes)))))
    except (TypeError, ValueError, RuntimeError, IndexError):
        return False  # it takes no such mask or positions
    return abs(together - float(network.loss(network.collate(given)))) < tolerance

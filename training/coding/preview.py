"""How a row is read: its tokens as text, and which of them carry loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.coding.text import pieces

BROKEN = "\ufffd"  # what a cut character is decoded to
LONGEST = 8  # tokens that one character may be cut into


def preview(
    tokenizer: Any, record: Mapping[str, str], about: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """{"text", "loss"} a token, in order; tokens that only together are a character are one entry.

    A conversation that is cut into parts is shown part after part.
    """
    limit = about["max_length"]
    found: list[dict[str, Any]] = []
    for piece in pieces(tokenizer, [record], limit, about):
        if "labels" in piece:
            found += _shown(tokenizer, piece["ids"], False) + _shown(
                tokenizer, piece["labels"], True
            )
        else:
            for ids, loss in _runs(piece["ids"], piece["loss"]):
                found += _shown(tokenizer, ids, loss)
    return found


def _runs(ids: Sequence[int], loss: Sequence[int]) -> Iterator[tuple[list[int], bool]]:
    """Tokens in a row that all carry loss, or none of which does."""
    start = 0
    for place in range(1, len(ids) + 1):
        if place == len(ids) or loss[place] != loss[start]:
            yield list(ids[start:place]), bool(loss[start])
            start = place


def _shown(tokenizer: Any, ids: Sequence[int], loss: bool) -> list[dict[str, Any]]:
    return [{"text": text, "loss": loss} for text in token_texts(tokenizer, ids)]


def token_texts(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """The text of each token; joined they are the text of all. Some tokenizers leave out a leading space."""
    found: list[str] = []
    before: list[int] = []  # decoded along, so that a space between words is kept
    waiting: list[int] = []
    for place, token in enumerate(ids):
        waiting.append(token)
        text = _after(tokenizer, before, waiting)
        if BROKEN in text and len(waiting) < LONGEST and place + 1 < len(ids):
            continue
        found.append(text)
        before, waiting = waiting, []
    return found


def _after(tokenizer: Any, before: Sequence[int], ids: Sequence[int]) -> str:
    given = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    whole = str(tokenizer.decode([*before, *ids], **given))
    return whole[len(str(tokenizer.decode(list(before), **given))) :] if before else whole

"""A text in, a text out: what is read, which of its tokens carry loss, and what the written tokens say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.coding.prompts import (
    MESSAGES,
    SEQ2SEQ,
    Turn,
    asked,
    clean,
    is_talk,
    longest_field,
    talk,
    without_middle,
)

NEW_TOKENS = 256  # written at most, where a model says nothing of it
RESERVED = 0.25  # of the limit, kept free for what is written
TRIES = 12  # to bring a text below a number of tokens
SHORTEST = 4  # tokens of an answer that is cut to fit

Record = Mapping[str, str]
Piece = dict[str, Any]
About = Mapping[str, Any]


# --- turns as tokens ---


def encoded(tokenizer: Any, text: str) -> list[int]:
    """Without special tokens of the tokenizer's own; those that the text spells out are read."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids


def harmless(tokenizer: Any, text: str) -> str:
    """The text with special tokens broken up, so that nobody ends a turn or begins one by writing it."""
    for token in tokenizer.all_special_tokens:
        if len(token) > 1 and token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def rendered(tokenizer: Any, turns: Sequence[Turn], ask: bool) -> str:
    """The turns as one text; `ask` adds what comes before an answer of the assistant."""
    safe = [{**turn, "content": harmless(tokenizer, turn["content"])} for turn in turns]
    if getattr(tokenizer, "chat_template", None):
        plain = [{"role": turn["role"], "content": turn["content"]} for turn in safe]
        given = {"tokenize": False, "add_generation_prompt": ask}
        return str(_templated(tokenizer, plain, given))
    return _plain(safe, ask)


def _templated(tokenizer: Any, turns: Sequence[Turn], given: Mapping[str, Any]) -> str:
    """By the tokenizer's own template; one that knows no system turns gets them before the first question."""
    try:
        return str(tokenizer.apply_chat_template(turns, **given))
    except Exception:
        if not turns or turns[0]["role"] != "system":
            raise
        system, *rest = turns
        if not rest or rest[0]["role"] != "user":
            raise
        first = {**rest[0], "content": f"{system['content']}\n\n{rest[0]['content']}"}
        return str(tokenizer.apply_chat_template([first, *rest[1:]], **given))


def _plain(turns: Sequence[Turn], ask: bool) -> str:
    """For a tokenizer without a template: what is asked once is text and a line break, a talk names the speakers."""
    if any(turn.get("form") for turn in turns):
        return "".join(f"{turn['content']}\n" for turn in turns)
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    lines = [f"{names[turn['role']]}{turn['content']}\n" for turn in turns]
    return "".join(lines) + ("Assistant:" if ask else "")


def ending(tokenizer: Any) -> list[int]:
    """The token that ends an answer, where the tokenizer has one."""
    return [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]


def begun(tokenizer: Any, turns: Sequence[Turn]) -> list[int]:
    """What the model reads before it answers."""
    ids = encoded(tokenizer, rendered(tokenizer, turns, ask=True))
    if getattr(tokenizer, "chat_template", None):
        return ids
    first = tokenizer("", add_special_tokens=True)["input_ids"][:1]
    return first + ids if first == [tokenizer.bos_token_id] else ids


def answered_turn(tokenizer: Any, turns: Sequence[Turn]) -> tuple[list[int], list[int]]:
    """(tokens of the last turn as the assistant writes it, its end included; those after it, without loss)."""
    before = rendered(tokenizer, turns[:-1], ask=True)
    ids: list[int] = []
    if getattr(tokenizer, "chat_template", None):
        whole = rendered(tokenizer, turns, ask=False)
        # Some templates put more before an answer than stands there once it is given.
        if whole.startswith(before):
            ids = encoded(tokenizer, whole[len(before) :])
    special = set(tokenizer.all_special_ids)
    last = max((place for place, token in enumerate(ids) if token in special), default=-1)
    if last >= 0:
        return ids[: last + 1], ids[last + 1 :]
    space = " " if before.endswith("Assistant:") else ""
    text = harmless(tokenizer, turns[-1]["content"])
    return encoded(tokenizer, space + text) + ending(tokenizer), []


def whole_talk(tokenizer: Any, turns: Sequence[Turn], learnt: Sequence[int]) -> Piece | None:
    """One piece with loss on the turns whose places are `learnt`; None where the template changes its past."""
    ids: list[int] = []
    loss: list[int] = []
    done = ""
    for place in (n for n, turn in enumerate(turns) if turn["role"] == "assistant"):
        before = rendered(tokenizer, turns[:place], ask=True)
        after = rendered(tokenizer, turns[: place + 1], ask=False)
        if not (before.startswith(done) and after.startswith(before)):
            return None
        asks = encoded(tokenizer, before[len(done) :]) if done else begun(tokenizer, turns[:place])
        says, rest = answered_turn(tokenizer, turns[: place + 1])
        ids += asks + says + rest
        carries = int(place in learnt and bool(turns[place]["content"].strip()))
        loss += [0] * len(asks) + [carries] * len(says) + [0] * len(rest)
        done = after
    return {"ids": ids, "loss": loss}


def one_answer(tokenizer: Any, turns: Sequence[Turn]) -> Piece:
    """Question and answer alone: loss on the last turn."""
    asks, (says, _) = begun(tokenizer, turns[:-1]), answered_turn(tokenizer, turns)
    return {"ids": asks + says, "loss": [0] * len(asks) + [1] * len(says)}


# --- rows as pieces ---


def pieces(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """For training: {"row", "ids", "loss" (0 or 1 a token)}, or {"row", "ids", "labels"}; `cut` if shortened."""
    found: list[Piece] = []
    for row, record in enumerate(records):
        for piece in _pieces(tokenizer, record, limit, about):
            found.append({"row": row, "size": len(piece["ids"]), **piece})
            if "labels" in piece:
                found[-1]["size"] = len(piece["labels"])
    return found


def _pieces(tokenizer: Any, record: Record, limit: int, about: About) -> Iterator[Piece]:
    if about["objective"] == SEQ2SEQ:
        yield _pair(tokenizer, record, limit, about)
    elif is_talk(about):
        yield from _talks(tokenizer, talk(record, about), limit, about)
    else:
        answer = {"role": "assistant", "content": clean(record[about["answer"]])}
        yield _asked_and_answered(tokenizer, record, answer, limit, about)


def _pair(tokenizer: Any, record: Record, limit: int, about: About) -> Piece:
    """For an encoder and a decoder."""
    piece = _source(tokenizer, record, limit, about)
    labels = list(tokenizer(text_target=clean(record[about["answer"]]), verbose=False)["input_ids"])
    if len(labels) > limit:
        return {**piece, "labels": labels[:limit], "cut": True}
    if labels[-1:] != ending(tokenizer):  # not every tokenizer ends a text
        labels += ending(tokenizer)
    return {**piece, "labels": labels}


def _source(tokenizer: Any, record: Record, limit: int, about: About) -> Piece:
    def read(given: Record) -> list[int]:
        text = asked(given, about)[-1]["content"]
        return list(tokenizer(text, verbose=False)["input_ids"])

    return _fitted(read, record, limit, about)


def _asked_and_answered(
    tokenizer: Any, record: Record, answer: Turn, limit: int, about: About
) -> Piece:
    says, _ = answered_turn(tokenizer, [*asked(record, about), answer])
    room = max(SHORTEST, limit - max(SHORTEST, limit // 4))
    short = len(says) > room
    if short:
        says = says[:room]  # without its end: the model is not taught to stop there
    piece = _fitted(
        lambda given: begun(tokenizer, asked(given, about)), record, limit - len(says), about
    )
    asks = piece["ids"]
    whole = {"ids": asks + says, "loss": [0] * len(asks) + [1] * len(says)}
    return {**whole, "cut": True} if short or piece.get("cut") else whole


def _fitted(read: Any, record: Record, room: int, about: About) -> Piece:
    """What `read` makes of the record in at most `room` tokens, its longest field shortened in the middle."""
    ids = read(record)
    if len(ids) <= room:
        return {"ids": ids}
    role = longest_field(record, about)
    text = clean(record.get(role) or "")
    bare, keep = len(read({**record, role: ""})), len(text)
    for _ in range(TRIES):
        # By the tokens that a character of this text has; a little less, since cutting makes new ones.
        share = max(0, room - bare) / max(1, len(ids) - bare)
        keep = max(0, min(keep - 1, int(keep * share) - 1))
        ids = read({**record, role: without_middle(text, keep)})
        if len(ids) <= room or keep <= 0:
            break
    # A template that is itself too long keeps its end, which asks for the answer.
    return {"ids": ids[max(0, len(ids) - max(room, 1)) :], "cut": True}


def _talks(tokenizer: Any, turns: Sequence[Turn], limit: int, about: About) -> Iterator[Piece]:
    """A talk that is too long in parts of whole turns; each answer carries loss once."""
    answers = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    learnt = answers[-1:] if about.get("turns") == "last" else answers
    piece = whole_talk(tokenizer, turns[: answers[-1] + 1], learnt)
    if piece is None:
        for place in learnt:
            yield _last_answer(tokenizer, turns[: place + 1], limit)
    elif len(piece["ids"]) <= limit:
        yield piece
    else:
        # Made from the end, so that the last answer has the most before it.
        yield from reversed(list(_parts_of(tokenizer, turns, learnt, limit)))


def _parts_of(
    tokenizer: Any, turns: Sequence[Turn], learnt: Sequence[int], limit: int
) -> Iterator[Piece]:
    left = list(learnt)
    while left:
        start = _start(tokenizer, turns[: left[-1] + 1], limit)
        part = _from(turns[: left[-1] + 1], start)
        moved_by = left[-1] + 1 - len(part)
        own = [place - moved_by for place in left if place >= start]
        piece = whole_talk(tokenizer, part, own)
        if piece is None or len(piece["ids"]) > limit:
            piece = _last_answer(tokenizer, part, limit)
        yield {**piece, "cut": True}
        left = [place for place in left if place < start]


def _start(tokenizer: Any, turns: Sequence[Turn], limit: int) -> int:
    """The earliest turn of the user from which all turns to the last fit; the last question if none does."""
    users = [place for place, turn in enumerate(turns[:-1]) if turn["role"] == "user"] or [0]
    low, high = 0, len(users) - 1  # the length falls with the start
    while low < high:
        middle = (low + high) // 2
        part = _from(turns, users[middle])
        size = len(begun(tokenizer, part[:-1])) + len(answered_turn(tokenizer, part)[0])
        low, high = (low, middle) if size <= limit else (middle + 1, high)
    return users[low]


def _from(turns: Sequence[Turn], start: int) -> list[Turn]:
    """The turns from there on, the system prompt kept."""
    head = [turns[0]] if start and turns[0]["role"] == "system" else []
    return [*head, *turns[start:]]


def _last_answer(tokenizer: Any, turns: Sequence[Turn], limit: int) -> Piece:
    """The last turn with as many as fit before it; a lone question that is too long loses its beginning."""
    part = _from(turns, _start(tokenizer, turns, limit))
    piece = one_answer(tokenizer, part)
    over = len(piece["ids"]) - limit
    if over <= 0:
        return piece if len(part) == len(turns) else {**piece, "cut": True}
    says = sum(piece["loss"])
    keep = min(says, max(SHORTEST, limit * 3 // 4))
    ids, asks = piece["ids"], len(piece["ids"]) - says
    room = max(0, limit - keep)
    kept = ids[asks - room : asks] + ids[asks : asks + keep]
    return {"ids": kept, "loss": [0] * (len(kept) - keep) + [1] * keep, "cut": True}


# --- prompts, and what is written ---


def prompts(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """For generation: {"row", "ids"}. A talk is read up to its last turn of the user."""
    written = int(about.get("max_new_tokens") or NEW_TOKENS)
    room = limit if about["objective"] == SEQ2SEQ else limit - min(written, int(limit * RESERVED))
    return [
        {"row": row, **_prompt(tokenizer, record, room, about)}
        for row, record in enumerate(records)
    ]


def _prompt(tokenizer: Any, record: Record, room: int, about: About) -> Piece:
    if about["objective"] == SEQ2SEQ:
        return _source(tokenizer, record, room, about)
    if not is_talk(about):
        return _fitted(lambda given: begun(tokenizer, asked(given, about)), record, room, about)
    turns = _to_answer(talk(record, about))
    empty = {"role": "assistant", "content": ""}
    part = _from(turns, _start(tokenizer, [*turns, empty], room))
    ids = begun(tokenizer, part)
    if len(ids) <= room:
        return {"ids": ids, **({} if len(part) == len(turns) else {"cut": True})}
    return {"ids": ids[len(ids) - room :], "cut": True}


def _to_answer(turns: Sequence[Turn]) -> list[Turn]:
    """A talk that ends in answers of the assistant without them: they are to be written."""
    end = len(turns)
    while end and turns[end - 1]["role"] == "assistant":
        end -= 1
    return list(turns[:end])


def histories(record: Record, about: About) -> list[tuple[Record, str]]:
    """(record that ends before it, what was said) for each answer of a talk."""
    turns = talk(record, about)
    return [
        ({**record, MESSAGES: turns[:place]}, turn["content"])  # type: ignore[dict-item]
        for place, turn in enumerate(turns)
        if turn["role"] == "assistant" and turn["content"].strip()
    ]


def said(tokenizer: Any, ids: Sequence[int], about: About) -> str:
    """Written tokens as text: to the first end of a turn or stop string, without space around it."""
    ends = set(about.get("ends") or ending(tokenizer))
    stop = next((place for place, token in enumerate(ids) if token in ends), len(ids))
    text = tokenizer.decode(list(ids[:stop]), skip_special_tokens=True)
    return before_stop(text, about.get("stop") or ()).strip()


def before_stop(text: str, stops: Sequence[str]) -> str:
    places = [text.find(stop) for stop in stops if stop and stop in text]
    return text[: min(places)] if places else text


def results(
    outputs: Sequence[str], pieces: Sequence[Piece], records: Sequence[Record], about: About
) -> list[str]:
    """The written texts, one a record."""
    found = [""] * len(records)
    for piece, output in zip(pieces, outputs, strict=True):
        found[piece["row"]] = output
    return found


def answers(
    results: Sequence[str], records: Sequence[Record], about: About
) -> list[dict[str, Any]]:
    return [{"text": text} for text in results]


def columns(about: About) -> list[str]:
    return ["predicted"]


def cells(answer: Mapping[str, Any], about: About) -> list[str]:
    return [answer["text"]]

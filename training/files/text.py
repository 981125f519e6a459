"""A base that writes: one that goes on with a text (causal), or an encoder and a decoder (seq2seq)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from training.coding.prompts import SEQ2SEQ
from training.coding.text import (
    NEW_TOKENS,
    Piece,
    answers,
    before_stop,
    ending,
    prompts,
    said,
)
from training.files.core import Batch, Loaded, batches, padded, run, stacked, width_of
from training.files.soft import PREFIX, PROMPT, Soft

NO_LOSS = -100  # the target of a place that carries none
WRITING_ROWS = 32  # written at a time


def writer_of(folder: str | os.PathLike[str], objective: str, **how: Any) -> Any:
    """The base in fp32 with the head that it came with; `how` else transformers is to load it."""
    kind = AutoModelForSeq2SeqLM if objective == SEQ2SEQ else AutoModelForCausalLM
    return kind.from_pretrained(
        Path(folder), local_files_only=True, dtype=torch.float32, trust_remote_code=False, **how
    )


class Network(nn.Module):
    """The base with its own head and its own dropout. `about` says objective, max_length and pad.

    Only hidden states that carry loss reach the output layer: it is the dearest of a small model.
    """

    def __init__(self, base: Any, about: Mapping[str, Any], dropout: float = 0.0) -> None:
        super().__init__()
        self.base, self.about = base, about
        self.head = nn.Identity()  # nothing but the base is trained
        self.soft: Soft | None = None  # virtual tokens before every text
        self.at: Tensor | None = None  # (rows, tokens): whose logits are wanted
        base.get_output_embeddings().register_forward_pre_hook(self._picked)

    def _picked(self, layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if self.at is None:
            return None
        # A prompt stands before the tokens that `at` knows of.
        return (given[0][:, -self.at.shape[1] :][self.at],)

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        """`ids`, `mask`, `targets` (NO_LOSS where there is no loss), padded at the end.

        The targets of a causal model are moved by one: at each place stands the token after it. Packed pieces add
        `positions` and the mask becomes `blocks`.
        """
        ids = [piece["ids"] for piece in pieces]
        width = width_of(ids, self.about["max_length"])
        batch = {"ids": stacked(ids, width, self.about["pad"])}
        if self.about["objective"] == SEQ2SEQ:
            labels = [piece["labels"] for piece in pieces]
            batch["targets"] = stacked(labels, padded(max(map(len, labels))), NO_LOSS)
        else:
            batch["targets"] = stacked([targets_of(piece) for piece in pieces], width, NO_LOSS)
        if any("parts" in piece for piece in pieces):
            return {**batch, **blocks(pieces, width)}
        return {**batch, "mask": stacked([[1] * len(row) for row in ids], width, 0)}

    def forward(self, batch: Batch) -> Tensor:
        """The loss of each token, (rows, tokens), 0 where there is none."""
        targets = batch["targets"]
        given: dict[str, Any] = {
            "input_ids": batch["ids"],
            "attention_mask": batch["mask"],
            "use_cache": False,
        }
        if "positions" in batch:
            given["position_ids"] = batch["positions"]
        if self.about["objective"] == SEQ2SEQ:
            known = targets.masked_fill(targets == NO_LOSS, self.about["pad"])
            given["decoder_input_ids"] = shifted(known, self.base.config)
        if self.soft is not None:
            given |= self._softened(given, len(targets))
        wanted = targets != NO_LOSS
        self.at = wanted
        try:
            logits = self.base(**given).logits
        finally:
            self.at = None
        losses = functional.cross_entropy(logits.float(), targets[wanted], reduction="none")
        return torch.zeros(targets.shape, device=targets.device).masked_scatter(wanted, losses)

    def _softened(self, given: Batch, rows: int) -> dict[str, Any]:
        """What the base is given instead, so that it reads the virtual tokens first."""
        soft, decodes = self.soft, self.about["objective"] == SEQ2SEQ
        if soft is None:
            return {}
        if soft.kind == PROMPT:
            return soft.before({name: given[name] for name in ("input_ids", "attention_mask")})
        found: dict[str, Any] = {"past_key_values": soft.cache(rows, decodes)}
        if not decodes:
            found["attention_mask"] = longer(given["attention_mask"], soft.count)
        return found

    def criterion(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean over the tokens that carry loss."""
        return outputs.sum() / (batch["targets"] != NO_LOSS).sum().clamp(min=1)

    def loss(self, batch: Batch) -> Tensor:
        return self.criterion(self(batch), batch)


def longer(mask: Tensor, count: int) -> Tensor:
    """A mask (rows, tokens) with so many more tokens before each row."""
    return torch.cat([mask.new_ones((len(mask), count)), mask], 1)


def targets_of(piece: Mapping[str, Any]) -> list[int]:
    """For each token the one after it where that carries loss; none at the seams of a packed piece."""
    ids, loss = piece["ids"], piece["loss"]
    found = [
        following if carries else NO_LOSS
        for following, carries in zip(ids[1:], loss[1:], strict=True)
    ]
    found.append(NO_LOSS)
    end = 0
    for size in piece.get("parts", ()):
        end += size
        found[end - 1] = NO_LOSS
    return found


def blocks(pieces: Sequence[Mapping[str, Any]], width: int) -> Batch:
    """`positions` that begin anew in each part, and a `mask` (rows, 1, to, from) that keeps the parts apart."""
    numbers = torch.zeros((len(pieces), width), dtype=torch.long)
    positions = torch.zeros((len(pieces), width), dtype=torch.long)
    for row, piece in enumerate(pieces):
        start = 0
        for number, size in enumerate(piece.get("parts") or [len(piece["ids"])], start=1):
            numbers[row, start : start + size] = number
            positions[row, start : start + size] = torch.arange(size)
            start += size
    same = numbers.unsqueeze(2) == numbers.unsqueeze(1)  # padding sees padding: no row is empty
    past = torch.ones((width, width), dtype=torch.bool).tril()
    return {"positions": positions, "mask": (same & past).unsqueeze(1)}


def shifted(labels: Tensor, config: Any) -> Tensor:
    """What the decoder reads: the start token, then all labels but the last."""
    start = config.decoder_start_token_id
    first = torch.full_like(labels[:, :1], config.pad_token_id if start is None else start)
    return torch.cat([first, labels[:, :-1]], dim=1)


def perplexity(network: Any, pieces: Sequence[Piece]) -> tuple[float, int]:
    """(e to the mean loss of the tokens that carry it, their number)."""
    total, count = 0.0, 0

    def add(outputs: Tensor, batch: Batch) -> None:
        nonlocal total, count
        total += float(outputs.double().sum())
        count += int((batch["targets"] != NO_LOSS).sum())

    bare = [{key: value for key, value in piece.items() if key != "size"} for piece in pieces]
    run(network, bare, watch=add)
    return math.exp(min(total / max(count, 1), 700.0)), count


# --- writing ---


def choices(about: Mapping[str, Any]) -> dict[str, Any]:
    """How tokens are chosen: the likeliest, unless `temperature` is above 0."""
    given: dict[str, Any] = {
        "max_new_tokens": int(about.get("max_new_tokens") or NEW_TOKENS),
        "num_beams": int(about.get("beams") or 1),
        "use_cache": True,
    }
    if float(about.get("repetition_penalty") or 1) != 1:
        given["repetition_penalty"] = float(about["repetition_penalty"])
    if not float(about.get("temperature") or 0):
        return {**given, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {
        **given,
        "do_sample": True,
        "temperature": float(about["temperature"]),
        "top_p": float(about.get("top_p") or 1),
        "top_k": 0,
        "num_beams": 1,
    }


def ends_of(tokenizer: Any, base: Any) -> list[int]:
    """The tokens that end what is written: the tokenizer's and those that the base names."""
    named = getattr(base.generation_config, "eos_token_id", None)
    more = named if isinstance(named, list) else [] if named is None else [named]
    return sorted({*ending(tokenizer), *map(int, more)})


def padded_rows(ids: Sequence[Sequence[int]], fill: int, decodes: bool) -> tuple[Tensor, Tensor]:
    """(tokens, mask), (rows, tokens). Padded at the beginning where what is written follows the last token; at the end
    for an encoder, as in training: some count their places from the first token, padding or not."""
    width = max(map(len, ids))
    rows = torch.full((len(ids), width), fill, dtype=torch.long)
    mask = torch.zeros((len(ids), width), dtype=torch.long)
    for number, row in enumerate(ids):
        begin = 0 if decodes else width - len(row)
        rows[number, begin : begin + len(row)] = torch.tensor(row, dtype=torch.long)
        mask[number, begin : begin + len(row)] = 1
    return rows, mask


class Writer:
    """Writes on after prompts. Greedy unless `about` has a temperature; then `seed` makes it repeatable."""

    def __init__(
        self, base: Any, tokenizer: Any, about: Mapping[str, Any], soft: Soft | None = None
    ) -> None:
        self.base, self.tokenizer, self.soft = base, tokenizer, soft
        self.about = {**about, "ends": ends_of(tokenizer, base)}

    def texts(
        self, pieces: Sequence[Mapping[str, Any]], rows: int = WRITING_ROWS
    ) -> Iterator[tuple[int, str]]:
        """(place of the piece, text) as they are done, the longest prompts first."""
        for group in batches([len(piece["ids"]) for piece in pieces]):
            for start in range(0, len(group), rows):
                part = group[start : start + rows]
                written = self.written([pieces[place]["ids"] for place in part])
                for place, ids in zip(part, written, strict=True):
                    yield place, said(self.tokenizer, ids, self.about)

    def all(self, pieces: Sequence[Mapping[str, Any]]) -> list[str]:
        """One text a piece, in order."""
        found = dict(self.texts(pieces))
        return [found[place] for place in range(len(pieces))]

    @torch.inference_mode()
    def written(self, ids: Sequence[Sequence[int]]) -> list[list[int]]:
        """The new tokens after each prompt."""
        device = next(self.base.parameters()).device
        training = self.base.training
        self.base.eval()
        torch.manual_seed(int(self.about.get("seed") or 0))
        given, start = self._asked(ids, device)
        found = self.base.generate(
            **given,
            pad_token_id=self.about["pad"],
            eos_token_id=self.about["ends"] or None,
            **self._stopping(),
            **choices(self.about),
        )
        self.base.train(training)
        return [row[start:].tolist() for row in found]

    def _asked(
        self, ids: Sequence[Sequence[int]], device: torch.device
    ) -> tuple[dict[str, Any], int]:
        """(what `generate` is given, where in its answers the new tokens begin). Virtual tokens are read first."""
        soft, decodes = self.soft, self.about["objective"] == SEQ2SEQ
        before = soft.ids if soft else []
        rows, mask = padded_rows([[*before, *row] for row in ids], self.about["pad"], decodes)
        given = {"input_ids": rows.to(device), "attention_mask": mask.to(device)}
        if soft and soft.kind == PREFIX:
            beams = int(choices(self.about)["num_beams"])
            given["past_key_values"] = soft.cache(len(ids) * beams, decodes)
            if not decodes:  # tokens that the cache stands for are named, and not read
                named = given["input_ids"][:, -1:].expand(-1, soft.count)
                given["input_ids"] = torch.cat([named, given["input_ids"]], 1)
                given["attention_mask"] = longer(given["attention_mask"], soft.count)
        elif before and not decodes:  # what looks at the tokens themselves knows no virtual ones
            given["inputs_embeds"] = self.base.get_input_embeddings()(given.pop("input_ids"))
            return given, 0
        return given, 1 if decodes else given["input_ids"].shape[1]

    def _stopping(self) -> dict[str, Any]:
        stops = [stop for stop in self.about.get("stop") or () if stop]
        return {"stop_strings": stops, "tokenizer": self.tokenizer} if stops else {}

    def stream(self, ids: Sequence[int]) -> Iterator[str]:
        """The text after one prompt in pieces, as it is written; together they are what `all` gives."""
        shown, stops = "", [stop for stop in self.about.get("stop") or () if stop]
        held = max(map(len, stops), default=0)
        for text, last in self._growing(ids):
            kept = before_stop(text, stops)
            over = last or len(kept) < len(text)
            # The end may be space that is stripped, or the beginning of a stop string.
            safe = kept.strip() if over else kept[: len(kept) - held].strip()
            if len(safe) > len(shown):
                yield safe[len(shown) :]
                shown = safe
            if over:
                return

    def _growing(self, ids: Sequence[int]) -> Iterator[tuple[str, bool]]:
        """(text so far without a character that is cut apart, whether it ends here)."""
        new: list[int] = []
        for token in self._tokens(ids):
            new.append(token)
            text = self.tokenizer.decode(new, skip_special_tokens=True)
            if not text.endswith("\ufffd"):
                yield text, False
        yield self.tokenizer.decode(new, skip_special_tokens=True), True

    def _tokens(self, ids: Sequence[int]) -> Iterator[int]:
        """Tokens of one text, one at a time, to its end."""
        device = next(self.base.parameters()).device
        self.base.eval()
        chance = torch.Generator().manual_seed(int(self.about.get("seed") or 0))
        soft, decodes = self.soft, self.about["objective"] == SEQ2SEQ
        given: dict[str, Any] = {
            "input_ids": torch.tensor([[*(soft.ids if soft else ()), *ids]], device=device)
        }
        if decodes:
            with torch.inference_mode():
                states = self.base.get_encoder()(**given)
            start = shifted(given["input_ids"][:, :1], self.base.config)
            given = {"encoder_outputs": states, "decoder_input_ids": start}
        name = list(given)[-1]
        if soft and soft.kind == PREFIX:
            given["past_key_values"] = soft.cache(1, decodes)
        for _ in range(int(self.about.get("max_new_tokens") or NEW_TOKENS)):
            with torch.inference_mode():
                outputs = self.base(**given, use_cache=True)
            logits = outputs.logits[0, -1].float().cpu().clone()
            logits[self._banned()] = -math.inf
            token = chosen(logits, self.about, chance)
            if token in self.about["ends"]:
                return
            yield token
            given["past_key_values"] = outputs.past_key_values
            given[name] = torch.tensor([[token]], device=device)

    def _banned(self) -> list[int]:
        """Tokens that the base says are never to be written, such as the padding of Marian models."""
        words = getattr(self.base.generation_config, "bad_words_ids", None) or []
        return [word[0] for word in words if len(word) == 1]


def chosen(logits: Tensor, about: Mapping[str, Any], chance: torch.Generator) -> int:
    """The likeliest token, or one drawn with `temperature` among those that hold `top_p` of the probability."""
    heat = float(about.get("temperature") or 0)
    if not heat:
        return int(logits.argmax())
    shares, order = (logits / heat).softmax(-1).sort(descending=True)
    before = shares.cumsum(-1) - shares
    shares = shares.masked_fill(before >= float(about.get("top_p") or 1), 0.0)
    return int(order[torch.multinomial(shares, 1, generator=chance)])


class Model(Loaded):
    def build(self, folder: Path) -> Network:
        return Network(writer_of(folder, self.about["objective"]), self.about)

    def writer(self, **given: Any) -> Writer:
        """`given` are settings of the writing: max_new_tokens, temperature, top_p, seed, stop, system."""
        network = self.network
        return Writer(network.base, self.tokenizer, {**self.about, **given}, network.soft)

    def results(self, records: Sequence[Mapping[str, str]], **given: Any) -> list[str]:
        """The text written for each record."""
        about = {**self.about, **given}
        found = prompts(self.tokenizer, records, about["max_length"], about)
        return self.writer(**given).all(found)

    def answers(
        self, results: Sequence[str], records: Sequence[Mapping[str, str]]
    ) -> list[dict[str, Any]]:
        return answers(results, records, self.about)

    def generate_stream(self, record: Mapping[str, str], **given: Any) -> Iterator[str]:
        """The answer to one record in pieces of text."""
        about = {**self.about, **given}
        (piece,) = prompts(self.tokenizer, [record], about["max_length"], about)
        return self.writer(**given).stream(piece["ids"])

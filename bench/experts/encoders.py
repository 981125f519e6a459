"""Recipes with a head over an encoder, after run_glue, run_ner and run_qa of transformers' examples."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
)

from bench.experts.recipe import Features, Recipe
from training.coding import relation, shares, span
from training.tasks import ner, text_classification
from training.tasks.shape import Row

WORD = re.compile(r"\S+")
IGNORED = -100


class Whole(Recipe):
    """One label a text, or a pair of texts."""

    def model(self) -> Any:
        return AutoModelForSequenceClassification.from_pretrained(
            self.base, local_files_only=True, num_labels=len(self.data.about["labels"])
        )

    def texts(self, rows: Sequence[Row]) -> list[list[str]]:
        return [[row.values[role] for row in rows] for role in self.data.learner.inputs]

    def labels(self, rows: Sequence[Row]) -> list[Any]:
        numbers = {name: place for place, name in enumerate(self.data.about["labels"])}
        return [numbers.get(row.values["label"], IGNORED) for row in rows]

    def features(self, rows: Sequence[Row], split: str) -> Features:
        encoded = self.tokenizer(*self.texts(rows), truncation=True, max_length=self.length)
        labels = self.labels(rows)
        return [
            {**{name: values[place] for name, values in encoded.items()}, "label": label}
            for place, label in enumerate(labels)
        ]

    def collator(self) -> Any:
        return DataCollatorWithPadding(self.tokenizer)

    def results(self, predictions: Any, features: Features, rows: Sequence[Row]) -> Any:
        return shares.softmax(predictions)


class Several(Whole):
    """Several labels a text, each from a probability of one half on."""

    def model(self) -> Any:
        return AutoModelForSequenceClassification.from_pretrained(
            self.base,
            local_files_only=True,
            num_labels=len(self.data.about["labels"]),
            problem_type="multi_label_classification",
        )

    def labels(self, rows: Sequence[Row]) -> list[Any]:
        return text_classification.marks(rows, self.data.about).astype(float).tolist()

    def results(self, predictions: Any, features: Features, rows: Sequence[Row]) -> Any:
        return shares.sigmoid(predictions)


class Relation(Whole):
    """Tokens of their own around head and tail, the sequence classified."""

    marks = ("[E1]", "[/E1]", "[E2]", "[/E2]")

    def model(self) -> Any:
        found = super().model()
        self.tokenizer.add_special_tokens({"additional_special_tokens": list(self.marks)})
        found.resize_token_embeddings(len(self.tokenizer))
        return found

    def features(self, rows: Sequence[Row], split: str) -> Features:
        self.tokenizer.add_special_tokens({"additional_special_tokens": list(self.marks)})
        return super().features(rows, split)

    def texts(self, rows: Sequence[Row]) -> list[list[str]]:
        return [[self.marked(row) for row in rows]]

    def marked(self, row: Row) -> str:
        text, places = relation.untagged(row.values)
        for place, mark in sorted(zip(places, self.marks, strict=True), reverse=True):
            text = f"{text[:place]} {mark} {text[place:]}"
        return text


class Entities(Recipe):
    """BIO tags of the words between spaces, told by their first token."""

    def model(self) -> Any:
        return AutoModelForTokenClassification.from_pretrained(
            self.base, local_files_only=True, num_labels=len(self.tags)
        )

    @property
    def tags(self) -> list[str]:
        names = self.data.about["labels"]
        return ["O", *(f"{prefix}-{name}" for name in names for prefix in "BI")]

    def features(self, rows: Sequence[Row], split: str) -> Features:
        places = [[match.span() for match in WORD.finditer(row.values["text"])] for row in rows]
        words = [
            [row.values["text"][a:b] for a, b in own] for row, own in zip(rows, places, strict=True)
        ]
        encoded = self.tokenizer(
            words, is_split_into_words=True, truncation=True, max_length=self.length
        )
        found = []
        for place, row in enumerate(rows):
            item = {name: values[place] for name, values in encoded.items()}
            numbers = encoded.word_ids(place)
            firsts = [
                n if n is not None and n != (numbers[at - 1] if at else None) else None
                for at, n in enumerate(numbers)
            ]
            tags = self.tagged(row, places[place])
            item["labels"] = [IGNORED if n is None else tags[n] for n in firsts]
            found.append(
                {**item, "places": [None if n is None else places[place][n] for n in firsts]}
            )
        return found

    def tagged(self, row: Row, places: Sequence[tuple[int, int]]) -> list[int]:
        """The number of the tag of each word; IGNORED for a label that training does not know."""
        numbers = {tag: place for place, tag in enumerate(self.tags)}
        found = [0] * len(places)
        for start, end, label in ner.spans_of(row):
            inside = [n for n, (a, b) in enumerate(places) if a < end and b > start]
            for n in inside:
                found[n] = numbers.get(f"{'B' if n == inside[0] else 'I'}-{label}", IGNORED)
        return found

    def collator(self) -> Any:
        return DataCollatorForTokenClassification(self.tokenizer)

    def results(self, predictions: Any, features: Features, rows: Sequence[Row]) -> Any:
        names = self.tags
        found = []
        for logits, item in zip(predictions, features, strict=True):
            known = [(at, place) for at, place in enumerate(item["places"]) if place]
            tags = [names[int(logits[at].argmax())] for at, _ in known]
            found.append(chunks(tags, [place for _, place in known]))
        return found


def chunks(tags: Sequence[str], places: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """As seqeval reads them: a B begins an entity, and so does an I after another label or none."""
    found: list[tuple[int, int, str]] = []
    before = "O"
    for tag, (start, end) in zip(tags, places, strict=True):
        if tag[0] == "I" and before[2:] == tag[2:]:
            found[-1] = (found[-1][0], end, tag[2:])
        elif tag != "O":
            found.append((start, end, tag[2:]))
        before = tag
    return found


class Answers(Recipe):
    """Beginning and end of the answer in windows over the context."""

    length, stride = 384, 128
    best, longest = 20, 30  # beginnings and ends that are paired; tokens of an answer

    def model(self) -> Any:
        return AutoModelForQuestionAnswering.from_pretrained(self.base, local_files_only=True)

    def features(self, rows: Sequence[Row], split: str) -> Features:
        texts = [[row.values[role] for row in rows] for role in ("question", "context")]
        encoded = self.tokenizer(
            *texts,
            truncation="only_second",
            max_length=self.length,
            stride=min(self.stride, self.length // 4),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        found = []
        names = [name for name in self.tokenizer.model_input_names if name in encoded]
        for place, row in enumerate(encoded["overflow_to_sample_mapping"]):
            item = {name: encoded[name][place] for name in names}
            offsets = zip(
                encoded["offset_mapping"][place], encoded.sequence_ids(place), strict=True
            )
            places = [where if part == 1 else None for where, part in offsets]
            first, last = self.answer(rows[row], places)
            targets = {"start_positions": first, "end_positions": last}
            found.append({**item, **targets, "row": row, "places": places})
        return found

    def answer(self, row: Row, places: Sequence[Any]) -> tuple[int, int]:
        """Its first and last token; the first of all where it does not stand in this window whole."""
        text, start = row.values["answer_text"], int(row.values.get("answer_start") or 0)
        end = start + len(text)
        inside = [at for at, place in enumerate(places) if place]
        if not text or not inside or places[inside[0]][0] > start or places[inside[-1]][1] < end:
            return 0, 0
        first = max(at for at in inside if places[at][0] <= start)
        return first, min(at for at in inside if places[at][1] >= end)

    def collator(self) -> Any:
        return DataCollatorWithPadding(self.tokenizer)

    def results(self, predictions: Any, features: Features, rows: Sequence[Row]) -> Any:
        found: dict[int, list[tuple[float, int, int]]] = defaultdict(list)
        for begins, ends, item in zip(*predictions[:2], features, strict=True):
            found[item["row"]] += self.pairs(begins, ends, item["places"])
        contexts = [row.values["context"] for row in rows]
        bests = [max(found[number], default=(0.0, 0, 0)) for number in range(len(rows))]
        return [
            span.Answer(context[a:b], a, b, 1.0, 0.0)
            for context, (_, a, b) in zip(contexts, bests, strict=True)
        ]

    def pairs(self, begins: Any, ends: Any, places: Sequence[Any]) -> list[tuple[float, int, int]]:
        """(score, start, end in the context) of the likeliest beginnings with the likeliest ends."""
        chosen = [np.argsort(-side[: len(places)])[: self.best] for side in (begins, ends)]
        return [
            (float(begins[a] + ends[b]), places[a][0], places[b][1])
            for a in chosen[0] if places[a]
            for b in chosen[1] if places[b] and a <= b < a + self.longest
        ]  # fmt: skip


RECIPES: dict[str, type[Recipe]] = {
    "sequence": Whole,
    "token": Entities,
    "relation": Relation,
    "span": Answers,
}


def recipe_for(head: str, objective: str) -> type[Recipe]:
    return Several if objective == shares.SEVERAL else RECIPES[head]

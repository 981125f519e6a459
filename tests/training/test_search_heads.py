"""A search for each head over an encoder: what the best trial had on the validation rows, its model has again."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from training.events import Report, Scored
from training.search import search
from training.spec import from_dict

TOPICS = {"parcel": ["parcel", "courier", "door"], "login": ["password", "account", "email"]}
COMMON = ["the", "my", "a", "is", "was", "it", "please", "help", "with", "to"]


def words(draw: random.Random, topic: str) -> list[str]:
    found = draw.choices(COMMON, k=5) + draw.choices(TOPICS[topic], k=1)
    draw.shuffle(found)
    return found


def pair(draw: random.Random) -> dict[str, str]:
    one, other = draw.choice(list(TOPICS)), draw.choice(list(TOPICS))
    label = "same" if one == other else "different"
    texts = {"text_a": " ".join(words(draw, one)), "text_b": " ".join(words(draw, other))}
    return {**texts, "label": label}


def entity(draw: random.Random) -> dict[str, str]:
    text, name = " ".join(words(draw, "parcel")), ""
    name = next(word for word in text.split() if word in TOPICS["parcel"])
    start = f" {text} ".index(f" {name} ")
    return {"text": text, "entities": json.dumps([[start, start + len(name), "thing"]])}


def relation(draw: random.Random) -> dict[str, str]:
    found, turned = words(draw, "login"), draw.random() < 0.5
    marked = ["<e1>parcel</e1>", "<e2>card</e2>"]
    found[2:2] = reversed(marked) if turned else marked
    return {"text": " ".join(found), "label": f"Before({'e2,e1' if turned else 'e1,e2'})"}


def question(draw: random.Random) -> dict[str, str]:
    found = words(draw, "login")
    answer = next(word for word in found if word in TOPICS["login"])
    return {"context": " ".join(found), "question": "what is my account", "answer_text": answer}


CASES: dict[str, tuple[str, Callable[[random.Random], dict[str, str]], dict[str, Any], str]] = {
    "pair": ("text-matching", pair, {"matching": "bi"}, "learning_rate,batch_size"),
    "cross": ("text-matching", pair, {"matching": "cross"}, "learning_rate,dropout"),
    "token": ("ner", entity, {}, "learning_rate,label_smoothing"),
    "relation": ("relation-extraction", relation, {}, "head_learning_rate,class_weights"),
    "span": ("question-answering", question, {}, "learning_rate,schedule"),
    "adapter": ("relation-extraction", relation, {"method": "lora"}, "rank,warmup"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_best_is_trained_again_and_gives_what_it_gave(
    name: str, tiny_base: Path, tmp_path: Path
) -> None:
    task, row, settings, names = CASES[name]
    draw = random.Random(1)
    rows = list({json.dumps(one): one for one in (row(draw) for _number in range(90))}.values())
    train = tmp_path / "train.csv"
    with train.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    spec = from_dict(
        {
            "task": task,
            "train": str(train),
            "columns": {role: role for role in rows[0]},
            "base_folder": str(tiny_base),
            "effort": "quick",
            "settings": {"epochs": 2, "precision": "fp32", **settings},
            "search": {"trials": 3, "names": names},
        }
    )
    events = list(search(spec, tmp_path / "run"))
    told = next(one for one in events if isinstance(one, Report)).details["search"]
    assert {one["name"] for one in told["space"]} == set(names.split(","))
    kept = [one for one in events if isinstance(one, Scored) and one.best][-1]
    assert kept.metrics[told["figure"]] == pytest.approx(told["value"], abs=1e-6)

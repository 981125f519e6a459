"""What others run: the loop of a tutorial, and transformers' Trainer as it comes and tuned.

Each trains on rows (text, label) and tells its meter after every step how many rows and real tokens it has seen, and
after every epoch `scored` of its model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from training import backbone

SEED = 13
LENGTH = 128  # tokens that the tutorial pads every row to, and that all others cut at
EVERY = 64  # rows of a batch that is only read


class Enough(Exception):
    """The time that was given is over."""


@dataclass
class Meter:
    """Rows and real tokens after the warm-up, and the seconds they took; evaluations stand outside of it."""

    seconds: float  # after which it is enough; 0: to the end
    warmup: int = 3  # steps
    steps: int = 0
    rows: int = 0
    tokens: int = 0
    spent: float = 0.0
    begin: float = field(default_factory=time.perf_counter)

    def step(self, rows: int, tokens: int) -> None:
        """After a step. Raises Enough."""
        now = time.perf_counter()
        self.steps += 1
        if self.steps > self.warmup:
            self.rows, self.tokens = self.rows + rows, self.tokens + tokens
            self.spent += now - self.begin
        self.begin = now
        if self.seconds and self.spent >= self.seconds:
            raise Enough

    def resume(self) -> None:
        self.begin = time.perf_counter()

    def found(self) -> dict[str, float]:
        return {"rows": self.rows, "tokens": self.tokens, "seconds": self.spent}


class Texts:
    """Rows as a model reads them, with the numbers of their labels."""

    def __init__(self, base: str, rows: Sequence[tuple[str, str]], labels: Sequence[str]) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
        self.texts = [text for text, _ in rows]
        self.numbers = [labels.index(label) for _, label in rows]

    def features(self, **how: Any) -> list[dict[str, Any]]:
        found = self.tokenizer(self.texts, truncation=True, max_length=LENGTH, **how)
        return [
            {**{name: found[name][place] for name in found}, "labels": number}
            for place, number in enumerate(self.numbers)
        ]


Scores = Callable[[Any], None]  # is told of the model after an epoch


def model_of(base: str, labels: int) -> Any:
    set_seed(SEED)
    return AutoModelForSequenceClassification.from_pretrained(
        base, local_files_only=True, num_labels=labels
    )


def seed_loop(
    base: str, texts: Texts, labels: int, epochs: int, meter: Meter, scored: Scores
) -> None:
    """Every row padded to 128, batches of 16, plain AdamW at 2e-5, no schedule, fp32: what tutorials show."""
    model = model_of(base, labels)
    features = texts.features(padding="max_length")
    loader: Any = DataLoader(
        features,  # type: ignore[arg-type]
        batch_size=16,
        shuffle=True,
        collate_fn=lambda rows: {
            name: torch.tensor([row[name] for row in rows]) for name in rows[0]
        },
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    for _ in range(epochs):
        model.train()
        meter.resume()
        for batch in loader:
            optimizer.zero_grad()
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            meter.step(len(batch["labels"]), int(batch["attention_mask"].sum()))
        scored(model)


class Metered(TrainerCallback):
    def __init__(self, meter: Meter, scored: Scores) -> None:
        self.meter, self.scored = meter, scored
        self.rows = self.tokens = 0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.meter.step(self.rows, self.tokens)
        self.rows = self.tokens = 0

    def on_epoch_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self.scored(given["model"])
        given["model"].train()
        self.meter.resume()


def trainer(
    base: str,
    texts: Texts,
    labels: int,
    epochs: int,
    meter: Meter,
    scored: Scores,
    **settings: Any,
) -> None:
    """transformers' Trainer with the settings that it comes with, and a collator that pads by batch."""
    watch, pad = Metered(meter, scored), DataCollatorWithPadding(texts.tokenizer)

    def collate(rows: list[dict[str, Any]]) -> Any:
        watch.rows += len(rows)
        watch.tokens += sum(len(row["input_ids"]) for row in rows)
        return pad(rows)

    with TemporaryDirectory(prefix="bench-") as folder:
        wanted = TrainingArguments(
            output_dir=folder, num_train_epochs=epochs, save_strategy="no", report_to="none",
            logging_strategy="no", disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
            seed=SEED, dataloader_pin_memory=False, **settings,
        )  # fmt: skip
        made = Trainer(
            model=model_of(base, labels),
            args=wanted,
            train_dataset=texts.features(),
            data_collator=collate,
            callbacks=[watch],
        )
        made.remove_callback(PrinterCallback)  # the standard output is for the result alone
        meter.resume()
        made.train()


def trainer_tuned(
    base: str, texts: Texts, labels: int, epochs: int, meter: Meter, scored: Scores
) -> None:
    """With what its documentation recommends: rows by length, bf16 where there is any, batches of 32, a warm-up."""
    trainer(
        base, texts, labels, epochs, meter, scored,
        learning_rate=5e-5,
        per_device_train_batch_size=32,
        train_sampling_strategy="group_by_length",
        bf16=backbone.native_bf16(),
        warmup_steps=0.1,
        weight_decay=0.01,
    )  # fmt: skip


Peer = Callable[[str, Texts, int, int, Meter, Scores], None]
PEERS: dict[str, Peer] = {
    "seed_loop": seed_loop,
    "trainer": trainer,
    "trainer_tuned": trainer_tuned,
}


@torch.inference_mode()
def accuracy(model: Any, texts: Texts) -> float:
    """In fp32, rows by length."""
    model.eval()
    features = texts.features()
    order = sorted(range(len(features)), key=lambda row: len(features[row]["input_ids"]))
    pad, right = DataCollatorWithPadding(texts.tokenizer), 0
    for start in range(0, len(order), EVERY):
        batch = pad([features[row] for row in order[start : start + EVERY]])
        targets = batch.pop("labels")
        right += int((model(**batch).logits.argmax(-1) == targets).sum())
    return right / len(order)

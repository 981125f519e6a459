"""Recipes of models that write, after run_translation and run_clm: one setting each, all weights trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from tempfile import TemporaryDirectory
from typing import Any

from transformers import (
    AutoConfig,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    Trainer,
    TrainingArguments,
    set_seed,
)

from bench.experts.recipe import Features, Point, Rows, arguments, timed
from training import generative_defaults
from training.coding import prompts, text
from training.files import text as files
from training.tasks.shape import Row

# The learning rates of the guides; the epochs that ours takes for so few rows.
POINTS = {prompts.SEQ2SEQ: Point(2e-5, 3, 16), prompts.CAUSAL: Point(5e-5, 3, 8)}
IGNORED = -100


def about_of(task: str, base: str, tokenizer: Any, data: Rows) -> dict[str, Any]:
    """What is asked and how long texts are: the same as ours."""
    config = AutoConfig.from_pretrained(base, local_files_only=True)
    objective = prompts.SEQ2SEQ if config.is_encoder_decoder else prompts.CAUSAL
    usual = generative_defaults.chosen(objective)
    told = {**data.about, "objective": objective, "system": ""}
    return {
        **told,
        "max_length": min(usual.max_length, tokenizer.model_max_length),
        "max_new_tokens": usual.max_new_tokens,
        "pad": tokenizer.pad_token_id,
        "template": prompts.default_template(
            task, told["language"], objective, data.learner.inputs
        ),
    }


def trained(task: str, base: str, data: Rows, point: Point | None = None) -> dict[str, Any]:
    """Trains with one setting and scores what is then written for the test rows."""
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    about = about_of(task, base, tokenizer, data)
    point = point or POINTS[about["objective"]]
    set_seed(point.seed)
    model = files.writer_of(base, about["objective"])
    with TemporaryDirectory(prefix="expert-") as folder:
        given = arguments(point, folder, save_strategy="no")
        seq2seq = about["objective"] == prompts.SEQ2SEQ
        kind, args = (
            (Seq2SeqTrainer, Seq2SeqTrainingArguments) if seq2seq else (Trainer, TrainingArguments)
        )
        trainer = kind(
            model=model,
            args=args(**given),
            train_dataset=features(tokenizer, data.rows["train"], about),
            data_collator=DataCollatorForSeq2Seq(tokenizer, model=model if seq2seq else None),
            processing_class=tokenizer,
        )
        seconds = timed(trainer)
    found = scores(model, tokenizer, data, about)
    return {
        "setting": asdict(point),
        "valid": None,
        "seconds": seconds,
        "main": data.learner.main,
        "test": found,
    }


def features(tokenizer: Any, rows: Sequence[Row], about: dict[str, Any]) -> Features:
    """Text and target, or a conversation in the base's own template with loss on the answers alone."""
    if about["objective"] == prompts.SEQ2SEQ:
        encoded = tokenizer(
            [row.values["source"] for row in rows],
            text_target=[row.values["target"] for row in rows],
            truncation=True,
            max_length=about["max_length"],
        )
        names = ("input_ids", "attention_mask", "labels")
        return [{name: encoded[name][place] for name in names} for place in range(len(rows))]
    pieces = text.pieces(tokenizer, [row.values for row in rows], about["max_length"], about)
    return [
        {
            "input_ids": piece["ids"],
            "attention_mask": [1] * len(piece["ids"]),
            "labels": labels(piece),
        }
        for piece in pieces
    ]


def labels(piece: dict[str, Any]) -> list[int]:
    return [
        token if carries else IGNORED
        for token, carries in zip(piece["ids"], piece["loss"], strict=True)
    ]


def scores(model: Any, tokenizer: Any, data: Rows, about: dict[str, Any]) -> dict[str, float]:
    """Written with as many beams as the base asks for: 4 with Marian models, else 1."""
    model.eval()
    rows = [data.learner.asks(row) for row in data.rows["test"]]
    limit, beams = about["max_length"], model.generation_config.num_beams or 1
    writer = files.Writer(model, tokenizer, {**about, "beams": beams})
    written = writer.all(text.prompts(tokenizer, [row.values for row in rows], limit, about))
    metrics = data.learner.score(rows, written, about)
    pieces = text.pieces(tokenizer, [row.values for row in data.rows["test"]], limit, about)
    known = files.perplexity(files.Network(model, about), pieces)[0]
    return data.learner.figures({**metrics, "perplexity": known}) | {"perplexity": known}

"""SetFit as its guide shows it, for few rows a label: pairs of rows, then a linear head. An optional peer."""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch

from bench.training import peers

PAIRS = 20  # of the same label and as many of different ones, for each row: the paper's setting


class Read:
    """A trained one, as the scoring of the peers wants it: token ids in, logits out."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def eval(self) -> None:
        self.model.model_body.eval()

    def __call__(self, **batch: torch.Tensor) -> Any:
        vectors = self.model.model_body(batch)["sentence_embedding"]
        return SimpleNamespace(
            logits=torch.as_tensor(self.model.model_head.predict_proba(vectors.cpu().numpy()))
        )


def setfit(
    base: str,
    texts: peers.Texts,
    labels: int,
    epochs: int,
    meter: peers.Meter,
    scored: peers.Scores,
) -> None:
    """One epoch over its pairs, whatever `epochs` says, in batches of 16 at 2e-5: what it comes with."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel, Trainer, TrainingArguments
    from sklearn.linear_model import LogisticRegression

    body = SentenceTransformer(base, device="cpu", local_files_only=True)
    body.max_seq_length = peers.LENGTH
    model = SetFitModel(model_body=body, model_head=LogisticRegression(max_iter=1_000))
    rows = Dataset.from_dict({"text": texts.texts, "label": texts.numbers})
    with TemporaryDirectory(prefix="bench-") as folder:
        wanted = TrainingArguments(
            output_dir=folder, batch_size=16, num_epochs=1, num_iterations=PAIRS, seed=peers.SEED,
            report_to="none", save_strategy="no", show_progress_bar=False,
        )  # fmt: skip
        begun = time.perf_counter()
        with redirect_stdout(sys.stderr):  # the standard output is for the result alone
            Trainer(model=model, args=wanted, train_dataset=rows).train()
        meter.spent = time.perf_counter() - begun
    meter.rows = 4 * PAIRS * len(texts.texts)  # two rows a pair
    scored(Read(model))

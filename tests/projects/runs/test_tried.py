"""What was tried and kept, on the page of a run."""

from __future__ import annotations

from django.test import Client

from projects.runs.models import Run
from tests.projects.runs.test_run import text, url


def test_what_was_tried_is_shown_with_what_was_kept(alice_client: Client, succeeded: Run) -> None:
    assert 'id="tried"' not in text(alice_client.get(url("run", succeeded)))
    options = [
        {"name": "plain", "value": 0.612, "kept": False},
        {"name": "few_shot", "value": 0.734, "kept": True},
    ]
    pooled = [
        {"name": "mean", "value": 0.5, "kept": True},
        {"name": "first", "value": 0.4, "kept": False},
    ]
    succeeded.report["details"]["tried"] = [
        {"what": "pooling", "figure": "macro_f1", "rows": 30, "options": pooled},
        {"what": "training", "figure": "accuracy", "rows": 30, "options": options},
    ]
    succeeded.save()
    page = text(alice_client.get(url("run", succeeded)))
    for told in ("The first token", "40.0 %", "Plain fine-tuning", "61.2 %", "73.4 %"):
        assert told in page
    assert "From pairs of rows (few-shot) (kept)" in page
    assert "The mean of all tokens (kept)" in page

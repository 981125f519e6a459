"""What the page of a run says of its result besides the scores."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.datasets.models import DatasetVersion
from projects.runs.events import append
from projects.runs.models import Run, Status
from tests.projects.runs.test_run import Make, text, url
from web.errors import words

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous"),
]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.FAILED])
def test_what_training_did_about_itself_is_said(
    alice_client: Client, bare: Make, status: str
) -> None:
    run = bare(status, attempt=1)
    values = {"step": 3, "before": 16, "rows": 8, "together": 2}
    append(run.pk, [("note", {"code": "train.smaller_batch", "values": values})])
    page = text(alice_client.get(url("run", run)))
    assert "Smaller batches for want of memory." in page
    assert "It did not suffice at step 3: 8 rows are read at once" in page
    assert "Smaller batches" in text(alice_client.get(url("run-status", run)))


def test_a_result_worse_than_the_baseline_names_likely_causes(
    alice_client: Client, succeeded: Run
) -> None:
    assert "Likely causes" not in text(alice_client.get(url("run", succeeded)))
    succeeded.report["details"]["verdict"] = {"code": "worse", "points": -3, "baseline": "tfidf"}
    succeeded.save()
    found = [{"code": "label.contradictory", "count": 4, "values": {}, "severity": "red"}]
    DatasetVersion.objects.filter(pk=succeeded.version_id).update(findings=found)
    page = text(alice_client.get(url("run", succeeded)))
    assert "Likely causes" in page
    assert str(words("label.contradictory", {})["title"]) in page


def test_the_scores_of_every_seed_are_shown(alice_client: Client, succeeded: Run) -> None:
    assert 'id="seeds"' not in text(alice_client.get(url("run", succeeded)))
    runs = [
        {"seed": seed, "test": {"accuracy": score, "macro_f1": score}, "kept": seed == 14}
        for seed, score in ((13, 0.61), (14, 0.73))
    ]
    both = {
        name: {"accuracy": value, "macro_f1": value}
        for name, value in (("mean", 0.67), ("deviation", 0.085))
    }
    succeeded.report["details"]["seeds"] = {"runs": runs, **both}
    succeeded.save()
    page = text(alice_client.get(url("run", succeeded)))
    for told in ("61.0 %", "73.0 %", "67.0 %", "8.5 %", "14 (kept)", "Standard deviation"):
        assert told in page

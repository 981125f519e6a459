"""The review of likely label errors: the most suspicious first, and never one row in front of two people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client
from django.utils import timezone
from pyarrow import parquet

from projects.datasets.models import DatasetVersion, HealthReport, RowClaim, RowEdit
from projects.datasets.selectors import version_file
from training.version import suspects_path

from .test_version import url

SUSPECTS = [(6, "refund", 0.01, 0.97), (4, "billing", 0.1, 0.8)]


@pytest.fixture
def suspects(version: DatasetVersion) -> None:
    names = ("row", "suggested", "confidence", "probability")
    rows = [dict(zip(names, values, strict=True)) for values in SUSPECTS]
    parquet.write_table(pa.Table.from_pylist(rows), suspects_path(version_file(version)))


def review_url(version: DatasetVersion) -> str:
    return url(version) + "review/"


def decide(
    client: Client, version: DatasetVersion, row: Any = "", kind: str = "", label: str = ""
) -> Any:
    values = f'{{"label": "{label}"}}' if label else ""
    return client.post(review_url(version), {"row": row, "kind": kind, "values": values})


def row_of(response: Any) -> int | None:
    item = response.context["item"]
    return item["row"] if item else None


@pytest.mark.parametrize(
    ("status", "usable", "why", "words"),
    [
        ("", None, "unlooked", "Nobody has looked yet"),
        ("queued", None, "waiting", "Still looking"),
        ("running", None, "waiting", "Still looking"),
        ("failed", None, "failed", "has failed"),
        ("ready", None, "unsure", "No label can be doubted"),
        ("ready", False, "unsure", "No label can be doubted"),
        ("ready", True, "clean", "No likely label errors"),
    ],
)
def test_without_suspects_it_says_why(
    alice_client: Client, version: DatasetVersion, status: str, usable: Any, why: str, words: str
) -> None:
    HealthReport.objects.filter(version=version).delete()
    if status:
        stats = {} if usable is None else {"suspects": {"usable": usable}}
        HealthReport.objects.create(version=version, base="x", status=status, stats=stats)
    response = alice_client.get(review_url(version))
    assert response.context["why"] == why
    assert words in response.content.decode()


def test_it_shows_the_label_of_the_row(
    alice_client: Client, version: DatasetVersion, suspects: None
) -> None:
    """The file of suspects does not say it."""
    page = decide(alice_client, version).content.decode()
    assert '<p class="text-base font-medium"><bdi>billing</bdi>' in page
    assert 'data-role="label"' in page


def test_the_most_suspicious_comes_first(
    alice_client: Client, version: DatasetVersion, suspects: None
) -> None:
    response = decide(alice_client, version)
    page = response.content.decode()
    assert row_of(response) == 6
    assert "message number 6 " in page
    assert "97.0" in page
    assert "0 of 2" in page


def test_decisions_are_kept_with_who_and_when(
    alice_client: Client, version: DatasetVersion, suspects: None
) -> None:
    second = decide(alice_client, version, 6, "accept", "refund")
    assert row_of(second) == 4
    assert "1 of 2" in second.content.decode()
    last = decide(alice_client, version, 4, "reject")
    assert row_of(last) is None
    assert "alice@example.org" in last.content.decode()
    kinds = dict(RowEdit.objects.values_list("row", "kind"))
    assert kinds == {6: "accept", 4: "reject"}
    assert RowEdit.objects.get(row=6).values == {"label": "refund"}
    assert RowEdit.objects.get(row=4).values == {}


def test_a_skipped_row_comes_to_others(
    alice_client: Client, bob_client: Client, version: DatasetVersion, suspects: None
) -> None:
    assert row_of(decide(alice_client, version, 6, "skip")) == 4
    assert row_of(decide(bob_client, version)) == 6


def test_two_people_get_different_rows(
    alice_client: Client, bob_client: Client, version: DatasetVersion, suspects: None
) -> None:
    assert row_of(decide(alice_client, version)) == 6
    assert row_of(decide(bob_client, version)) == 4
    assert row_of(decide(alice_client, version)) == 6


def test_a_row_that_somebody_left_comes_to_others(
    alice_client: Client, bob_client: Client, version: DatasetVersion, suspects: None
) -> None:
    decide(alice_client, version)
    RowClaim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert row_of(decide(bob_client, version)) == 6


def test_a_viewer_sees_how_far_it_is(
    vera_client: Client, version: DatasetVersion, suspects: None
) -> None:
    assert "0 of 2" in vera_client.get(review_url(version)).content.decode()
    assert decide(vera_client, version).status_code == 403

"""The log of a run: what has happened in words, and the last lines of its process without secrets and places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.jobs.launcher import STDERR
from projects.runs import folders, history
from projects.runs.events import append
from projects.runs.models import Run, Status

Make = Callable[..., Run]


@pytest.fixture
def run(bare: Make) -> Run:
    run = bare(Status.RUNNING, attempt=2)
    said = [
        ("status", {"status": "running", "reason": ""}),
        ("stage", {"name": "training"}),
        ("step", {"step": 1}),
        ("status", {"status": "queued", "reason": "lost"}),
        ("status", {"status": "stopping", "reason": "user:7"}),
    ]
    append(run.pk, said)
    folders.of_attempt(run).mkdir(parents=True)
    return run


def write(run: Run, text: str) -> None:
    (folders.of_attempt(run) / STDERR).write_text(text, encoding="utf-8")


def test_it_tells_what_has_happened(run: Run) -> None:
    assert [line.text for line in history.history(run)] == [
        "Running",
        "Fine-tuning",
        "Queued: its worker was lost",
        "Stopping: a person wanted it",
    ]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('File "/home/ann/attune/training/loop.py", line 7', 'File "…/loop.py", line 7'),
        ("at ~/models/secret-base/config.json", "at …/config.json"),
        ("see https://example.org/a/b.html", "see https://example.org/a/b.html"),
        ("postgres://attune:hunter22@db/x", "postgres://[…]@db/x"),
        ("HF_TOKEN=abcdefgh12345 set", "HF_TOKEN=[…] set"),
        ('{"api_key": "abc123"}', '{"api_key": […]"}'),
        ("Authorization: Bearer abc.def-ghi_jkl", "Authorization: […]"),
        ("key att_abcdefgh12345678 used", "key […] used"),
        ("loss 0.25/0.31 at step 3/4", "loss 0.25/0.31 at step 3/4"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
    ],
)
def test_neither_places_nor_secrets_show(run: Run, said: str, shown: str) -> None:
    write(run, said)
    assert history.tail(run) == shown


def test_the_sites_own_secrets_do_not_show(run: Run, settings: Any) -> None:
    settings.SECRET_KEY = "a-secret-of-this-site"
    write(run, "it is a-secret-of-this-site")
    assert history.tail(run) == "it is […]"


def test_of_a_long_output_the_end_is_shown(run: Run) -> None:
    write(run, "first\n" + "x" * 20_000 + "\nlast")
    assert history.tail(run).endswith("\nlast")
    assert "first" not in history.tail(run)


def test_those_who_may_train_see_it(
    alice_client: Client, vera_client: Client, charlie_client: Client, run: Run
) -> None:
    write(run, "<script>alert(1)</script>")
    url = f"/w/alice/p/{run.project_id}/runs/{run.pk}/log/"
    page = alice_client.get(url).content.decode()
    assert "its worker was lost" in page
    assert "<script>alert" not in page
    fragment = alice_client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert vera_client.get(url).status_code == 403
    assert charlie_client.get(url).status_code == 404


def test_a_process_that_wrote_nothing(run: Run) -> None:
    assert history.tail(run) == ""

"""The operator's page of base models."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from projects.bases import services
from projects.bases.models import BaseJob
from training import catalogue

pytestmark = pytest.mark.django_db
BGE = "bge-small-zh-v1.5"


@pytest.fixture(autouse=True)
def _with_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: f"/usr/bin/{name}")


def test_it_works(client: Client) -> None:
    text = client.get("/bases/").content.decode()
    for base in catalogue.BASES.values():
        assert base.id in text
    assert f"/bases/{BGE}/install/" in text
    assert "/bases/minilm-l6/verify/" in text
    assert "/bases/bert-base-uncased/install/" not in text  # of a hub, which is closed here
    assert "hx-trigger" not in text


def test_installing_is_queued_once(client: Client) -> None:
    for _ in range(2):
        assert client.post(f"/bases/{BGE}/install/").status_code == 302
    job = BaseJob.objects.get()
    assert (job.base, job.kind, job.status) == (BGE, "install", "queued")
    text = client.get("/bases/status/").content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert f"/bases/{BGE}/install/" not in text


def test_progress_is_shown(client: Client, operator: User) -> None:
    services.start(base=BGE, kind="install", user=operator)
    BaseJob.objects.update(status="running", progress=0.42)
    assert "42" in client.get("/bases/status/").content.decode()


def test_what_went_wrong_is_told_with_its_remedy(client: Client, operator: User) -> None:
    services.start(base=BGE, kind="install", user=operator)
    values = {"package": "a@1", "client": "npm", "told": "network unreachable"}
    BaseJob.objects.update(status="failed", problem={"code": "base.download", "values": values})
    text = client.get("/bases/").content.decode()
    assert "network unreachable" in text
    assert "See to the network" in text
    assert f"/bases/{BGE}/install/" in text  # to try again


def test_without_npm_nothing_is_offered_and_why(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: None)
    text = client.get("/bases/").content.decode()
    assert f"/bases/{BGE}/install/" not in text
    assert "npm" in text


def test_an_unknown_base_is_a_problem(client: Client) -> None:
    assert client.post("/bases/gpt-99/install/").status_code == 422
    assert not BaseJob.objects.exists()


def test_others_find_nothing(alice_client: Client) -> None:
    assert alice_client.get("/bases/").status_code == 404
    assert alice_client.post(f"/bases/{BGE}/install/").status_code == 404
    assert not BaseJob.objects.exists()

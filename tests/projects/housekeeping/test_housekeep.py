"""What nothing refers to goes, what is in use stays, what is missing is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User, Workspace
from billing.models import Hold, Plan
from notify.models import News
from projects import room
from projects.housekeeping import finding, keeping
from projects.runs import folders
from projects.runs.models import Artifact, Run

Everything = dict[str, Any]


@pytest.fixture
def everything(
    make_everything: Callable[..., Everything], workspace: Workspace, alice: User
) -> Everything:
    return make_everything(workspace, alice)


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("operator@example.org")


def old(path: Path, text: str = "x" * 100) -> Path:
    """A file that has lain for a day, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    day_ago = time.time() - 86_400
    for one in (path, path.parent):
        os.utime(one, (day_ago, day_ago))
    return path


def plant(home: Path, everything: Everything) -> list[Path]:
    """One orphan of each kind of file."""
    project, run = str(everything["project_id"]), str(everything["run_id"])
    return [
        old(home / "runs" / run / "attempt-1" / "checkpoint" / "weights").parent,
        old(home / "runs" / str(uuid4()) / "attempt-1" / "artifact.zip").parents[1],
        old(home / "uploads" / project / str(uuid4())),
        old(home / "uploads" / str(uuid4()) / str(uuid4())),
        old(home / "versions" / project / f"{uuid4()}.parquet"),
        old(home / "tmp" / "upload_x"),
    ]


def files(home: Path) -> set[Path]:
    return {path for path in home.rglob("*") if path.is_file() and path.parent.name != "queue"}


def run_command(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("housekeep", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def age_all(home: Path) -> None:
    day_ago = time.time() - 86_400
    for path in home.rglob("*"):
        os.utime(path, (day_ago, day_ago))


def test_a_dry_run_names_them_and_removes_nothing(home: Path, everything: Everything) -> None:
    planted = plant(home, everything)
    age_all(home)
    before = files(home)
    out, err = run_command("--dry-run")
    assert files(home) == before
    for path in planted:
        assert path.relative_to(home).as_posix() in out
    assert "6 to remove, 600" in out
    assert "0 missing" in out
    assert not err


def test_orphans_go_and_what_is_in_use_stays(home: Path, everything: Everything) -> None:
    kept = files(home)
    planted = plant(home, everything)
    age_all(home)
    out, _err = run_command()
    assert "6 removed" in out
    assert files(home) == kept
    assert not any(path.exists() for path in planted)
    assert "0 removed" in run_command()[0]


def test_what_has_just_been_written_is_no_orphan(home: Path, everything: Everything) -> None:
    """Its row may be on the way."""
    for path in plant(home, everything):
        for one in (path, *path.rglob("*")):
            os.utime(one)
    assert not list(finding.orphans())


def test_a_link_goes_and_not_what_it_names(home: Path, tmp_path: Path, db: None) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "precious").write_text("x")
    (home / "tmp" / "link").symlink_to(target)
    (orphan,) = [Orphan for Orphan in [finding._of_file("temporary", home / "tmp" / "link")]]
    orphan.remove()
    assert (target / "precious").exists()
    assert not (home / "tmp" / "link").is_symlink()


def test_a_place_in_the_plan_of_a_run_that_has_ended_is_given_back(
    everything: Everything, workspace: Workspace
) -> None:
    given = {"workspace": workspace, "project_id": everything["project_id"]}
    Hold.objects.create(run_id=everything["run_id"], **given)
    Hold.objects.update(made_at=timezone.now() - timedelta(days=1))
    keeping.clean()
    assert Hold.objects.get().released_at is not None


def test_missing_files_are_told_and_their_rows_stay(
    home: Path, everything: Everything, operator: User
) -> None:
    artifact = Artifact.objects.get()
    (home / "runs" / artifact.zip_path).unlink()
    _out, err = run_command()
    assert f"Missing: artifact {artifact.zip_path}" in err
    assert Artifact.objects.exists()
    keeping.tell_of_lost(list(finding.lost()))
    assert News.objects.get(kind="files.lost").values["count"] == 1


def test_models_go_when_their_plan_keeps_them_no_longer(
    home: Path, everything: Everything, workspace: Workspace, alice_client: Client
) -> None:
    artifact = Artifact.objects.get()
    Artifact.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert keeping.expire() == 0  # the plan keeps them for ever
    Plan.objects.filter(subscriptions__workspace=workspace).update(keep_models_days=30)
    assert "Would remove: model" in run_command("--dry-run")[0]
    assert (home / "runs" / artifact.zip_path).exists()
    assert keeping.expire() == 1
    assert not (home / "runs" / artifact.zip_path).exists()
    assert (home / "runs" / artifact.folder).parent.joinpath("predictions.parquet").exists()
    run = Run.objects.get()
    url = f"/w/alice/p/{run.project_id}/runs/{run.pk}/"
    assert alice_client.get(f"{url}artifact.zip").status_code == 410
    assert "not kept any more" in alice_client.get(url).content.decode()
    assert not list(finding.lost())


def test_what_a_limit_of_the_plan_cut_off_is_kept_for_a_month(everything: Everything) -> None:
    states = folders.of_attempt(Run.objects.get()) / folders.RESUME
    states.mkdir(parents=True)
    for days, gone in ((29, 0), (31, 1), (31, 0)):
        ended = timezone.now() - timedelta(days=days)
        problem = {"code": "run.time_limit", "values": {"minutes": 5.0}}
        Run.objects.update(status="failed", problem=problem, ended_at=ended)
        assert keeping.expire_states() == gone
        assert states.exists() == (days == 29)


def test_everything_is_looked_at_a_few_times_a_day(
    home: Path, everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(keeping, "clean", lambda: looked.append(1))
    keeping.sweep()
    keeping.sweep()
    assert looked == [1]


def test_operators_hear_once_a_day_that_the_disk_is_nearly_full(
    operator: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping.look_at_disk()
    assert not News.objects.exists()
    settings.DISK_RESERVE = 1000
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: SimpleNamespace(free=1500))
    keeping.look_at_disk()
    keeping.look_at_disk()
    news = News.objects.get()
    assert (news.kind, news.audience) == ("disk.low", [str(operator.pk)])

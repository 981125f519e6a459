"""States of runs in the storage: another machine goes on where this one was lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from projects.runs import afar, folders, worker
from projects.runs.models import Run, RunEvent, Status
from training.checkpoints import Broken, Store, write_json

Bare = Callable[..., Run]


def trained(folder: Path, *steps: int) -> Path:
    """States as training writes them, of two seeds and of what was measured before."""
    for seed in (0, 1):
        store = Store(folder / f"seed-{seed}")
        for step in steps:
            with store.next() as part:
                write_json(part / "state.json", {"step": step, "seed": seed})
                (part / "model.bin").write_bytes(bytes([seed, step]) * 100)
    with Store(folder).writing("baselines") as part:
        write_json(part / "state.json", {"baselines": True})
    return folder


def kept(bucket: Storage, run: Run) -> list[str]:
    return sorted(bucket.listdir(f"{run.pk}/states")[0])


def test_another_machine_finds_the_newest_state(
    bare: Bare, bucket: Storage, tmp_path: Path
) -> None:
    run = bare(Status.RUNNING, attempt=1)
    afar.keep(run.pk, trained(tmp_path / "one", 1, 2))
    afar.keep(run.pk, trained(tmp_path / "one", 3))
    assert kept(bucket, run) == ["000002"]
    assert afar.fetch(run, tmp_path / "other")
    for seed in (0, 1):
        newest, faults = Store(tmp_path / "other" / "resume" / f"seed-{seed}").newest()
        assert newest
        assert (newest.state, faults) == ({"step": 3, "seed": seed}, [])
    assert Store(tmp_path / "other" / "resume").read("baselines").state == {"baselines": True}
    with pytest.raises(Broken):  # the one before is left out
        Store(tmp_path / "other" / "resume" / "seed-0").read("000002")


def test_what_has_not_wholly_arrived_is_not_taken(
    bare: Bare, bucket: Storage, tmp_path: Path
) -> None:
    run = bare(Status.RUNNING, attempt=1)
    afar.keep(run.pk, trained(tmp_path / "one", 1))
    bucket.save(f"{run.pk}/states/000002/seed-0/000002/state.json", ContentFile(b"{}"))
    assert afar.fetch(run, tmp_path / "other")
    assert (tmp_path / "other/resume/seed-0/000001/model.bin").is_file()
    assert not (tmp_path / "other/resume/seed-0/000002").exists()


def test_without_any_there_is_nothing(bare: Bare, bucket: Storage, tmp_path: Path) -> None:
    run = bare(Status.RUNNING, attempt=1)
    afar.keep(run.pk, tmp_path / "nothing")
    assert not afar.fetch(run, tmp_path)


def test_a_storage_that_is_away_harms_no_training(
    bare: Bare, bucket: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: object) -> None:
        raise ConnectionError

    run = bare(Status.RUNNING, attempt=1)
    trained(folders.of_attempt(run) / "resume", 1)
    monkeypatch.setattr(bucket, "listdir", away)
    courier = afar.Courier(run, 1)
    courier.look()
    courier.wait(10)
    assert not afar.fetch(run, tmp_path)


def test_states_of_runs_that_are_over_go(bare: Bare, bucket: Storage, tmp_path: Path) -> None:
    states = trained(tmp_path / "one", 1)
    going = [bare(status, attempt=1) for status in (Status.RUNNING, Status.PAUSED, Status.QUEUED)]
    limited = bare(Status.FAILED, attempt=1, problem={"code": "run.time_limit", "values": {}})
    (folders.of_attempt(limited) / "resume").mkdir(parents=True)
    over = [bare(status, attempt=1) for status in (Status.SUCCEEDED, Status.FAILED)]
    gone = bare(Status.RUNNING, attempt=1)
    for run in (*going, limited, *over, gone):
        afar.keep(run.pk, states)
    Run.objects.filter(pk=gone.pk).delete()
    assert afar.sweep() == 3
    left = {name for name in bucket.listdir("")[0] if afar._numbers(bucket, f"{name}/states")}
    assert left == {str(run.pk) for run in (*going, limited)}
    assert afar.sweep() == 0


def test_a_run_goes_on_though_its_folder_is_lost(
    queued: Run, child: Callable[[str], None], bucket: Storage
) -> None:
    run = queued
    child("resumable")
    Run.objects.filter(pk=run.pk).update(attempt=1)
    states = folders.of_run(run.pk) / "elsewhere"
    write_json_state(states)
    afar.keep(run.pk, states)
    RunEvent.objects.create(run=run, attempt=1, seq=99, kind="checkpoint", at=run.created_at)
    folders.discard(folders.of_run(run.pk))
    worker.execute(run.pk)
    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED
    assert run.events.filter(kind="resumed").exists()
    assert not run.events.filter(kind="note").exists()


def write_json_state(folder: Path) -> None:
    place = folder / "seed-0" / "000001"
    place.mkdir(parents=True)
    write_json(place / "state.json", {})

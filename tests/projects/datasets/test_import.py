"""The check of an import: once, to one end, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from billing.models import Plan
from billing.services import plan_of
from projects.datasets import checking, children, services, views
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.jobs import forked, leaving
from projects.models import Project

from .conftest import InProcess, table

Status = Import.Status
Start = Callable[..., Import]


def url(job: Import, status: bool = False) -> str:
    project = job.project
    base = f"/w/{project.workspace.slug}/p/{project.pk}/imports/{job.pk}/"
    return base + "status/" if status else base


def run(job: Import) -> Import:
    checking.execute(job.pk)
    return Import.objects.get(pk=job.pk)


def versions_on_disk(home: Path) -> list[Path]:
    return [path for path in (home / "versions").rglob("*") if path.is_file()]


class Child(InProcess):
    """One that says `events` and ends with `code`."""

    events: tuple[Any, ...] = ()
    code: int | None = 0
    stopped = False

    def lines(self, timeout: float) -> Iterator[Any]:
        for event in self.events:
            if callable(event):
                event()
            else:
                yield event
        self.returncode = self.code

    def stop(self, grace: float) -> None:
        type(self).stopped = True


@pytest.mark.django_db(transaction=True)
def test_the_real_child_understands_what_it_is_asked(
    start: Start, add: Callable[..., Upload]
) -> None:
    given = {role: add(table(12), f"{role}.csv") for role in ("valid", "test")}
    found = run(start(encoding="utf-8", delimiter=",", **given))
    assert (found.status, found.problem) == (Status.READY, None)
    assert found.version.splits == {"train": 60, "valid": 12, "test": 12}


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> type[Child]:
    made = type("Made", (Child,), {})
    monkeypatch.setattr(children, "launch", made)
    return made


def test_it_makes_a_version(job: Import, in_process: None, home: Path) -> None:
    assert run(job).status == Status.READY
    version = DatasetVersion.objects.get()
    assert (version.number, version.rows, version.name) == (1, 60, "tickets.csv")
    assert sum(version.splits.values()) == 60
    assert set(version.labels) == {"billing", "delivery", "refund"}
    names = {path.name for path in versions_on_disk(home)}
    assert names == {f"{version.pk}.parquet", f"{version.pk}.flags.parquet"}


@pytest.mark.django_db(transaction=True)
def test_it_works_with_a_real_child(start: Start, home: Path) -> None:
    job = start()
    ended = run(job)
    assert (ended.status, ended.problem) == (Status.READY, None)
    assert DatasetVersion.objects.get().rows == 60
    assert not list((home / "versions" / ".checks").iterdir())


@pytest.mark.django_db(transaction=True)
def test_a_real_child_names_the_users_file(
    start: Start, project: Project, alice: User, home: Path
) -> None:
    file = SimpleUploadedFile(
        "我的 -文件.csv", b"text,label\n" + b"same text,a\n" * 12 + b",b\n" * 3
    )
    upload = services.add_upload(project=project, user=alice, file=file)
    ended = run(start(train=upload))
    assert ended.status == Status.BLOCKED
    places = [place for finding in ended.findings for place in finding["places"]]
    assert {place["file"] for place in places} == {"我的 -文件.csv"}


def test_the_next_one_gets_the_next_number(start: Start, in_process: None) -> None:
    for seed in (1, 2, 3):
        run(start(seed=seed))
    assert sorted(DatasetVersion.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_delivered_twice_it_makes_one_version(job: Import, in_process: None) -> None:
    run(job)
    first = Import.objects.get(pk=job.pk)
    assert run(job).ended_at == first.ended_at
    assert DatasetVersion.objects.count() == 1


def test_delivered_for_an_import_that_is_gone_it_does_nothing(job: Import) -> None:
    key = job.pk
    job.delete()
    checking.execute(key)


@pytest.mark.parametrize(
    "content",
    [table(labels=("only",)), b"text,label\n", b"text,label\n" + b",a\n,b\n" * 9],
    ids=["one label", "no rows", "no texts"],
)
def test_blocked_data_changes_nothing_and_says_why(
    start: Start, add: Callable[..., Upload], in_process: None, home: Path, content: bytes
) -> None:
    ended = run(start(train=add(content)))
    assert ended.status == Status.BLOCKED
    assert any(finding["severity"] == "blocking" for finding in ended.findings)
    assert not DatasetVersion.objects.exists()
    assert versions_on_disk(home) == []


def test_a_problem_of_the_childs_is_the_users(job: Import, child: type[Child]) -> None:
    child.events = ({"event": "problem", "code": "file.empty", "values": {}},)
    child.code = 2
    ended = run(job)
    assert ended.status == Status.BLOCKED
    assert ended.problem == {"code": "file.empty", "values": {}}


@pytest.mark.parametrize("code", [1, -9, 0])
def test_a_child_that_dies_is_a_failure_with_an_incident(
    job: Import, child: type[Child], code: int
) -> None:
    child.events, child.code = ({"event": "progress", "progress": 0.4}, None), code
    ended = run(job)
    assert ended.status == Status.FAILED
    assert ended.problem
    assert ended.problem["incident"]
    assert child.stopped


def test_the_plan_limits_rows(
    job: Import, workspace: Workspace, in_process: None, home: Path
) -> None:
    plan = plan_of(workspace)
    Plan.objects.filter(pk=plan.pk).update(max_rows=59)
    ended = run(job)
    assert ended.status == Status.BLOCKED
    assert ended.problem
    assert ended.problem["code"] == "quota.rows"
    assert versions_on_disk(home) == []


def test_it_stops_when_the_project_is_deleted_meanwhile(
    job: Import, child: type[Child], project: Project
) -> None:
    child.events = (project.delete, None, {"event": "progress", "progress": 0.9})
    checking.execute(job.pk)
    assert child.stopped
    assert not DatasetVersion.objects.exists()


def test_a_worker_that_was_given_up_for_dead_writes_nothing(
    job: Import, in_process: None, home: Path
) -> None:
    attempt = children.claim(checking.KIND, job.pk)
    Import.objects.update(attempt=2)
    folder = home / "versions" / "x"
    folder.mkdir()
    outcome = children.run(checking.KIND, job, attempt or 0, folder)
    assert outcome.lost
    assert Import.objects.get().status == Status.CHECKING
    assert not DatasetVersion.objects.exists()


def test_a_child_whose_import_was_taken_over_meanwhile_is_stopped_and_heard_no_more(
    job: Import, child: type[Child]
) -> None:
    child.events = (lambda: Import.objects.update(attempt=2), None, {"event": "problem"})
    ended = run(job)
    assert child.stopped
    assert (ended.status, ended.problem) == (Status.CHECKING, None)


def test_an_import_whose_worker_died_is_tried_once_more(start: Start, in_process: None) -> None:
    job = start()
    children.claim(checking.KIND, job.pk)
    long_ago = timezone.now() - timedelta(minutes=5)
    Import.objects.update(heartbeat_at=long_ago)
    assert children.revive(checking.KIND) == 1
    assert start.queued.count(str(job.pk)) == 2  # type: ignore[attr-defined]
    assert run(job).status == Status.READY
    assert Import.objects.get().attempt == 2


def test_an_import_that_died_twice_fails(start: Start) -> None:
    start()
    long_ago = timezone.now() - timedelta(minutes=5)
    Import.objects.update(status=Status.CHECKING, attempt=2, heartbeat_at=long_ago)
    assert children.revive(checking.KIND) == 0
    ended = Import.objects.get()
    assert ended.status == Status.FAILED
    assert ended.problem
    assert ended.problem["incident"]


def test_an_import_that_the_queue_lost_is_queued_again(start: Start) -> None:
    job = start()
    assert children.revive(checking.KIND) == 0
    Import.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert children.revive(checking.KIND) == 1
    assert start.queued == [str(job.pk)] * 2  # type: ignore[attr-defined]


def test_a_check_under_way_is_not_taken_over(job: Import) -> None:
    assert children.claim(checking.KIND, job.pk) == 1
    assert children.claim(checking.KIND, job.pk) is None


def test_when_the_queue_ends_the_check_waits_for_its_next_start(
    start: Start, child: type[Child]
) -> None:
    job = start()
    child.events = (leaving.announce, None)
    try:
        ended = run(job)
    finally:
        leaving.forget()
    assert (ended.status, ended.attempt) == (Status.QUEUED, 0)
    assert start.queued == [str(job.pk)] * 2  # type: ignore[attr-defined]


def test_a_check_whose_launcher_died_is_done_again_within_its_attempts(
    start: Start, child: type[Child]
) -> None:
    job = start()
    child.code = forked.LOST
    ended = run(job)
    assert (ended.status, ended.attempt) == (Status.QUEUED, 1)
    assert start.queued == [str(job.pk)] * 2  # type: ignore[attr-defined]
    assert run(job).status == Status.FAILED


# --- pages and API --------------------------------------------------------------------------------------------------


def test_the_page_polls_while_it_is_open(
    alice_client: Client, job: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "worker_alive", lambda cluster: False)
    page = alice_client.get(url(job)).content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert "No worker is running" in page
    monkeypatch.setattr(views, "worker_alive", lambda cluster: True)
    fragment = alice_client.get(url(job, status=True))
    assert fragment.status_code == 200
    assert b"No worker is running" not in fragment.content


def test_the_status_stops_and_leads_to_the_version(
    alice_client: Client, version: DatasetVersion
) -> None:
    assert version.source
    response = alice_client.get(url(version.source, status=True))
    assert response.status_code == 286
    assert response["HX-Redirect"].endswith(f"/versions/{version.pk}/")
    assert alice_client.get(url(version.source))["Location"] == response["HX-Redirect"]


def test_a_blocked_page_lists_every_finding_with_its_place(
    alice_client: Client, start: Start, add: Callable[..., Upload], in_process: None
) -> None:
    job = start(train=add(table(labels=("only",)) + b",only\n"))
    assert run(job).status == Status.BLOCKED
    response = alice_client.get(url(job, status=True))
    page = response.content.decode()
    assert response.status_code == 286
    assert page.count("data-code=") == len(Import.objects.get().findings) >= 2
    assert "hx-trigger" not in page
    assert ">62<" in page
    assert f"/uploads/{job.train_id}/" in page


def test_a_failed_page_shows_the_incident(alice_client: Client, job: Import) -> None:
    Import.objects.update(status=Status.FAILED, problem={"incident": "abc2345"})
    assert b"abc2345" in alice_client.get(url(job)).content


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, charlie_api: APIClient, job: Import
) -> None:
    for path in (url(job), url(job, status=True)):
        assert charlie_client.get(path).status_code == 404
        assert vera_client.get(path).status_code == 200
    assert charlie_api.get(f"/api/v1/imports/{job.pk}/").status_code == 404


def test_the_api_starts_and_reads_an_import(
    api: APIClient, project: Project, upload: Upload
) -> None:
    body = {"train": str(upload.pk), "columns": {"text": "text", "label": "label"}}
    path = f"/api/v1/projects/{project.pk}/imports/"
    response = api.post(path, body, format="json")
    assert response.status_code == 202
    assert api.post(path, body, format="json").json()["id"] == response.json()["id"]
    data = api.get(response["Location"]).json()
    assert (data["status"], data["version"]) == ("queued", None)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"columns": {"text": "nope", "label": "label"}}, 422, "import.column"),
        ({"columns": {"text": "text"}}, 422, "import.column"),
        ({"columns": {"text": "text", "label": "label", "x": "text"}}, 422, "import.role"),
        ({"train": "00000000-0000-0000-0000-000000000000"}, 422, "import.upload"),
        ({"train": "x"}, 400, "request.invalid"),
        ({"seed": -1}, 400, "request.invalid"),
        ({"encoding": "nonsense"}, 422, "file.encoding"),
    ],
)
def test_the_api_says_what_is_wrong(
    api: APIClient, project: Project, upload: Upload, change: Any, status: int, code: str
) -> None:
    body = {"train": str(upload.pk), "columns": {"text": "text", "label": "label"}, **change}
    response = api.post(f"/api/v1/projects/{project.pk}/imports/", body, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Import.objects.exists()


def test_the_api_tells_findings_in_words(
    api: APIClient, start: Start, add: Callable[..., Upload], in_process: None
) -> None:
    job = start(train=add(table(labels=("only",))))
    run(job)
    findings = api.get(f"/api/v1/imports/{job.pk}/").json()["findings"]
    assert findings
    assert all(item["title"] and item["found"] and item["remedy"] for item in findings)

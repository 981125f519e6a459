"""The close look at a version: queued with it, done once by a worker, and its page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from projects.datasets import checking, children, examining, health, health_views
from projects.datasets.models import DatasetVersion, HealthReport, Import
from projects.datasets.selectors import version_file
from projects.services import create_project
from training import version as versions

from .conftest import InProcess

Status = HealthReport.Status
NEAR = {"code": "row.near", "severity": "amber", "count": 2, "values": {}, "places": []}
STATS = {
    "base": "minilm-l6",
    "max_length": 256,
    "truncated": 0.0,
    "languages": {"en": 0.9, "und": 0.1},
    "unknown": {"minilm-l6": 0.001},
    "tokens": {"edges": [5, 6, 9], "counts": [40, 20], "p50": 5, "p95": 7, "max": 8},
}
TOLD = {"event": "health", "findings": [NEAR], "stats": STATS}


def url(version: DatasetVersion, rest: str = "") -> str:
    project = version.project
    return f"/w/{project.workspace.slug}/p/{project.pk}/versions/{version.pk}/health/{rest}"


class Child(InProcess):
    """One that says `events`, writes what the real one does, and ends with `code`."""

    events: tuple[Any, ...] = (TOLD,)
    code: int | None = 0
    asked: list[str] = []
    spared = False  # the imports

    def lines(self, timeout: float) -> Iterator[Any]:
        type(self).asked, type(self).spared = self.args, self.warm
        path = Path(self.args[1])
        flags = {**versions.read_flags(path), "row.near": [1, 2]}
        versions.write_flags(self.folder / path.name, flags)
        versions.suspects_path(self.folder / path.name).write_bytes(b"suspects")
        for event in self.events:
            if callable(event):
                event()
            else:
                yield event
        self.returncode = self.code


@pytest.fixture
def child(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> type[Child]:
    made = type("Made", (Child,), {})
    monkeypatch.setattr(children, "launch", made)
    return made


def look(version: DatasetVersion) -> HealthReport:
    examining.execute(HealthReport.objects.get(version=version).pk)
    return HealthReport.objects.get(version=version)


# --- the worker -----------------------------------------------------------------------------------------------------


def test_it_is_queued_with_the_version(
    job: Import, in_process: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        checking.execute(job.pk)
    report = HealthReport.objects.get()
    assert (report.status, report.version) == (Status.QUEUED, DatasetVersion.objects.get())
    entry = OrmQ.objects.get(key="look")  # beside the news that the check has ended
    assert (entry.task["func"], entry.task["args"]) == (health.EXAMINE, (str(report.pk),))


def test_it_keeps_what_was_found(version: DatasetVersion, child: type[Child], home: Path) -> None:
    before = version_file(version).read_bytes()
    report = look(version)
    assert (report.status, report.problem, report.progress) == (Status.READY, None, 1)
    assert (report.findings, report.stats) == ([NEAR], STATS)
    assert versions.read_flags(version_file(version), "row.near")["row.near"].tolist() == [1, 2]
    assert versions.suspects_path(version_file(version)).read_bytes() == b"suspects"
    assert version_file(version).read_bytes() == before
    assert not list((home / "versions" / children.FOLDER).iterdir())


def test_it_asks_for_the_version_with_its_task_and_base(
    version: DatasetVersion, child: type[Child]
) -> None:
    look(version)
    path, folder = str(version_file(version)), child.asked[child.asked.index("--out") + 1]
    asked = ["--task", "text-classification", "--base", "minilm-l6", "--json", "--out", folder]
    assert child.asked == ["health", path, *asked, "--threads", "1"]
    assert child.spared


@pytest.mark.django_db(transaction=True)
def test_it_works_with_a_real_child(version: DatasetVersion) -> None:
    report = look(version)
    assert (report.status, report.problem) == (Status.READY, None)
    assert report.stats["languages"]
    assert json.dumps(report.findings)


def test_done_once_it_is_not_done_again(version: DatasetVersion, child: type[Child]) -> None:
    first = look(version)
    child.events = ()
    assert look(version).ended_at == first.ended_at


@pytest.mark.parametrize("code", [1, -9, 0])
def test_a_child_that_dies_is_a_failure_with_an_incident(
    version: DatasetVersion, child: type[Child], code: int
) -> None:
    child.events, child.code = ({"event": "progress", "progress": 0.4}, None), code
    report = look(version)
    assert report.status == Status.FAILED
    assert report.problem
    assert report.problem["incident"]
    assert not versions.suspects_path(version_file(version)).exists()


def test_a_problem_of_the_childs_is_told(version: DatasetVersion, child: type[Child]) -> None:
    child.events = ({"event": "problem", "code": "version.broken", "values": {"file": "x"}},)
    report = look(version)
    assert report.status == Status.FAILED
    assert report.problem == {"code": "version.broken", "values": {"file": "x"}}


def test_it_stops_when_the_version_is_deleted_meanwhile(
    version: DatasetVersion, child: type[Child]
) -> None:
    child.events = (version.project.delete, None, TOLD)
    examining.execute(HealthReport.objects.get().pk)
    assert not HealthReport.objects.exists()


def test_a_worker_that_was_given_up_for_dead_writes_nothing(
    version: DatasetVersion, child: type[Child]
) -> None:
    child.events = (TOLD, lambda: HealthReport.objects.update(attempt=2))
    report = look(version)
    assert (report.status, report.findings) == (Status.RUNNING, [])
    assert not versions.suspects_path(version_file(version)).exists()


def test_one_whose_worker_died_is_tried_once_more_and_then_fails(
    version: DatasetVersion, start: Any
) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    report = HealthReport.objects.get()
    children.claim(examining.KIND, report.pk)
    HealthReport.objects.update(heartbeat_at=long_ago)
    assert children.revive(examining.KIND) == 1
    assert start.queued[-1] == str(report.pk)
    assert children.claim(examining.KIND, report.pk) == 2
    HealthReport.objects.update(heartbeat_at=long_ago)
    assert children.revive(examining.KIND) == 0
    assert HealthReport.objects.get().status == Status.FAILED


@pytest.mark.parametrize(
    ("scripts", "here", "base"),
    [
        ({"latin": 1.0}, ("minilm-l6", "bge-small-zh-v1.5"), "minilm-l6"),
        ({"cjk": 0.9, "latin": 0.1}, ("minilm-l6", "bge-small-zh-v1.5"), "bge-small-zh-v1.5"),
        ({"cjk": 0.9}, ("minilm-l6", "xlm-roberta-base"), "xlm-roberta-base"),
        ({"cyrillic": 1.0}, ("minilm-l6",), "minilm-l6"),
        ({}, ("minilm-l6",), "minilm-l6"),
    ],
)
def test_the_base_is_one_that_is_here_and_was_made_for_the_script(
    scripts: Any, here: Any, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_is_here", lambda name: name in here)
    assert health.base_for(DatasetVersion(stats={"scripts": scripts})) == base


# --- the page -------------------------------------------------------------------------------------------------------


def test_it_shows_the_fast_findings_at_once_and_polls(
    alice_client: Client, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_views, "worker_alive", lambda cluster: True)
    page = alice_client.get(url(version)).content.decode()
    assert page.count("data-code=") == len(version.findings)
    assert 'hx-trigger="every 2s"' in page
    fragment = alice_client.get(url(version, "status/"))
    assert fragment.status_code == 200
    assert "HX-Refresh" not in fragment


def test_the_status_stops_and_loads_the_page_anew(
    alice_client: Client, version: DatasetVersion, child: type[Child]
) -> None:
    look(version)
    fragment = alice_client.get(url(version, "status/"))
    assert fragment.status_code == 286
    assert fragment["HX-Refresh"] == "true"


def test_the_page_of_the_version_asks_until_the_look_has_ended(
    alice_client: Client, version: DatasetVersion, child: type[Child]
) -> None:
    address = url(version).removesuffix("health/")
    card = f'id="health-card" hx-get="{address}" hx-select="#health-card"'
    assert card in alice_client.get(address).content.decode()
    look(version)
    page = alice_client.get(address).content.decode()
    assert 'id="health-card"' in page
    assert card not in page


def test_it_shows_both_kinds_of_findings_and_why_they_matter(
    alice_client: Client, version: DatasetVersion, child: type[Child]
) -> None:
    look(version)
    page = alice_client.get(url(version)).content.decode()
    assert page.count("data-code=") == len(version.findings) + 1
    assert 'data-code="row.near"' in page
    assert "Why it matters:" in page
    assert "hx-trigger" not in page.partition('id="findings"')[0]


def test_the_gate_is_the_worst_of_both_looks(
    alice_client: Client, version: DatasetVersion, child: type[Child]
) -> None:
    version.findings = []
    version.save()
    assert alice_client.get(url(version)).context["diagnosis"].gate == "green"
    look(version)
    assert alice_client.get(url(version)).context["diagnosis"].gate == "amber"


def test_a_base_that_suits_the_texts_takes_back_what_was_said_of_the_usual_one(
    alice_client: Client, version: DatasetVersion, child: type[Child]
) -> None:
    values = {"base": "MiniLM", "base_id": "minilm-l6", "share": 64}
    version.findings = [
        {"code": "base.language", "severity": "red", "count": 1, "values": values, "places": []}
    ]
    version.save()
    assert alice_client.get(url(version)).context["diagnosis"].gate == "red"
    look(version)
    page = alice_client.get(url(version))
    assert page.context["diagnosis"].gate == "amber"
    assert 'data-code="base.language"' not in page.content.decode()


def test_a_failed_look_can_be_asked_for_again(
    alice_client: Client, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[str] = []
    monkeypatch.setattr(health, "enqueue", lambda task, key, cluster: queued.append(str(key)))
    old = HealthReport.objects.get()
    HealthReport.objects.update(status=Status.FAILED, attempt=2, problem={"incident": "abc2345"})
    page = alice_client.get(url(version)).content.decode()
    assert "abc2345" in page
    assert "Examine again" in page
    alice_client.post(url(version, "examine/"))
    new = HealthReport.objects.get()
    assert (new.status, new.attempt, new.problem) == (Status.QUEUED, 0, None)
    assert new.pk != old.pk
    assert queued == [str(new.pk)]
    alice_client.post(url(version, "examine/"))
    assert queued == [str(new.pk)]


def test_a_version_from_before_there_were_reports_can_be_examined(
    alice_client: Client, version: DatasetVersion
) -> None:
    HealthReport.objects.all().delete()
    assert b"Examine" in alice_client.get(url(version)).content
    alice_client.post(url(version, "examine/"))
    assert HealthReport.objects.get().status == Status.QUEUED


def test_a_version_whose_file_is_gone_still_has_a_page(
    alice_client: Client, version: DatasetVersion
) -> None:
    version_file(version).unlink()
    assert alice_client.get(url(version)).status_code == 200


# --- plots ----------------------------------------------------------------------------------------------------------


def figure(client: Client, version: DatasetVersion, name: str) -> Any:
    return client.get(url(version, f"chart/{name}.json"))


def test_labels_and_scripts_are_drawn_before_the_look_ends(
    alice_client: Client, version: DatasetVersion
) -> None:
    bars = figure(alice_client, version, "labels").json()["data"]
    assert sum(sum(bar["x"]) for bar in bars) == version.rows
    assert figure(alice_client, version, "languages").json()["data"][0]["y"] == ["Latin"]
    assert figure(alice_client, version, "lengths").status_code == 404
    assert figure(alice_client, version, "no-such").status_code == 404


def test_every_plot_has_the_same_figures_as_a_table(
    alice_client: Client, version: DatasetVersion, child: type[Child]
) -> None:
    look(version)
    response = alice_client.get(url(version))
    shown = [chart.name for chart, _url in response.context["charts"]]
    assert shown == ["lengths", "labels", "languages", "unknown"]
    for chart, address in response.context["charts"]:
        assert alice_client.get(address).json()["data"]
        assert chart.rows
    page = response.content.decode()
    assert "As a table" in page
    assert ">6–8<" in page.replace("<bdi>", "").replace("</bdi>", "")
    assert "English" in page


def test_labels_of_users_are_escaped_in_plots(
    alice_client: Client, version: DatasetVersion
) -> None:
    version.labels = {"<b>x</b>": {"train": 3}}
    version.save()
    assert figure(alice_client, version, "labels").json()["data"][0]["y"] == [
        "&lt;b&gt;x&lt;/b&gt;"
    ]


def test_of_many_labels_the_most_and_the_least_frequent_are_drawn(
    alice_client: Client, version: DatasetVersion
) -> None:
    version.labels = {f"label {n}": {"train": n} for n in range(1, 100)}
    version.save()
    names = figure(alice_client, version, "labels").json()["data"][0]["y"]
    assert len(names) == 40
    assert (names[0], names[-1]) == ("label 99", "label 1")


# --- who may --------------------------------------------------------------------------------------------------------


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, version: DatasetVersion
) -> None:
    for path in ("", "status/", "chart/labels.json"):
        assert charlie_client.get(url(version, path)).status_code == 404
        assert vera_client.get(url(version, path)).status_code == 200
    for path in ("examine/", "ignore/", "mend/"):
        assert charlie_client.post(url(version, path)).status_code == 404
        assert vera_client.post(url(version, path)).status_code == 403


def test_a_viewer_sees_no_buttons(vera_client: Client, version: DatasetVersion) -> None:
    page = vera_client.get(url(version)).content.decode()
    for word in ("Ignore", "mend=", "Examine"):
        assert word not in page


def test_it_is_not_there_below_another_project(
    alice_client: Client, version: DatasetVersion, alice: Any, workspace: Any
) -> None:
    other = create_project(
        workspace=workspace, user=alice, name="Other", task="text-classification"
    )
    wrong = url(version).replace(str(version.project_id), str(other.pk))
    assert alice_client.get(wrong).status_code == 404


def test_few_queries(
    alice_client: Client, version: DatasetVersion, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with django_assert_max_num_queries(15):
        alice_client.get(url(version))

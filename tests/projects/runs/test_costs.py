"""What a run costs: said before it starts and when it has ended; refunded where it should cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Workspace
from billing.models import LedgerEntry, Plan
from billing.replaying import differences
from billing.services import allowance, put_on
from projects.models import Project
from projects.runs import lifecycle, services
from projects.runs.events import append
from projects.runs.models import Run, Status
from projects.runs.refunding import OUR_CODES
from training.problems import TABLE, Problem

Start = Callable[..., Run]
SECONDS = 90


@pytest.fixture
def ends(queued: Run) -> Callable[..., None]:
    """A function that brings the run to its end after ninety seconds; `trained` of them, if it is so."""

    def end(to: Status, trained: bool = True, **fields: Any) -> None:
        attempt = lifecycle.claim(queued.pk)
        if trained:
            append(queued.pk, [("step", {"step": 1})])
        if to == Status.CANCELLED:
            assert lifecycle.move(queued.pk, Status.STOPPING, attempt=attempt)
        assert services.end(queued.pk, to, attempt=attempt, seconds=SECONDS, **fields)

    return end


def kinds(run: Run) -> list[str]:
    return list(
        LedgerEntry.objects.filter(run_id=run.pk).order_by("pk").values_list("kind", flat=True)
    )


def page_of(client: Client, run: Run) -> str:
    workspace = run.project.workspace
    return client.get(f"/w/{workspace.slug}/p/{run.project_id}/runs/{run.pk}/").content.decode()


@pytest.mark.parametrize("code", sorted(OUR_CODES))
def test_each_code_of_ours_is_in_the_table(code: str) -> None:
    assert code in TABLE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("problem", "trained", "reason"),
    [
        ({"code": "run.memory", "values": {}}, True, ""),
        ({"code": "run.memory", "values": {}}, False, "it ended before it had trained"),
        ({"code": "run.stuck", "values": {}}, True, "it failed on our side"),
        ({"incident": "abc2345"}, True, "it failed on our side"),
    ],
)
def test_a_failure_is_refunded_where_it_is_ours_or_nothing_was_trained(
    alice_client: Client, queued: Run, ends: Any, problem: Any, trained: bool, reason: str
) -> None:
    ends(Status.FAILED, trained, problem=problem)
    refunded = ["refund"] if reason else []
    assert kinds(queued) == ["hold", "settle", *refunded, "release"]
    page = page_of(alice_client, queued)
    said = f"Refunded in full, since {reason}: 1.5 minutes." if reason else "It cost 1.5 minutes"
    assert said in page
    assert not list(differences())


@pytest.mark.django_db
def test_whoever_cancels_a_run_that_trains_pays_for_it(queued: Run, ends: Any) -> None:
    ends(Status.CANCELLED)
    assert kinds(queued) == ["hold", "settle", "release"]


@pytest.mark.django_db
def test_every_attempt_of_a_failure_of_ours_is_refunded(queued: Run, workspace: Workspace) -> None:
    attempt = lifecycle.claim(queued.pk)
    append(queued.pk, [("step", {"step": 1})])
    lifecycle.move(queued.pk, Status.RUNNING, attempt=attempt)
    services.requeue(queued.pk, attempt=attempt or 0, reason="shutdown", seconds=60)
    again = lifecycle.claim(queued.pk)
    fields: dict[str, Any] = {"attempt": again, "seconds": 30, "problem": {"incident": "abc2345"}}
    services.end(queued.pk, Status.FAILED, **fields)
    assert kinds(queued).count("refund") == 2
    assert allowance(workspace).minutes.used == 0


@pytest.mark.django_db
def test_the_cost_is_told_before_and_in_the_api(
    api: APIClient, project: Project, queued: Run, ends: Any
) -> None:
    put_on(workspace=project.workspace, plan=Plan.objects.get(slug="free"))
    given = {"base": queued.spec["base"], "effort": "quick"}
    told = api.post(f"/api/v1/projects/{project.pk}/estimate/", given, format="json").json()["plan"]
    assert (told["meter"], told["limit"]) == ("minutes", 120)
    assert told["text"].startswith(f"This run costs about {told['minutes']} of your 120 minutes")
    held = api.get(f"/api/v1/runs/{queued.pk}/").json()["cost"]
    assert (held["held"] > 0, held["used"]) == (True, 0)
    ends(Status.CANCELLED, trained=False)
    (run,) = api.get(f"/api/v1/projects/{project.pk}/runs/").json()["results"]
    assert run["cost"] == {
        "meter": "training_seconds", "held": 0, "used": 90, "refunded": 90,
        "reason": "untrained", "cost": 0, "currency": "USD",
    }  # fmt: skip


@pytest.mark.django_db
def test_what_the_plan_has_not_is_refused_with_an_offer(start: Start, project: Project) -> None:
    put_on(workspace=project.workspace, plan=Plan.objects.get(slug="free"))
    for given, name in (({"search": {"trials": 2}}, "search"), ({"settings": {"devices": 2}}, "")):
        with pytest.raises(Problem) as caught:
            start(**given)
        assert caught.value.values.get("name", "") == name
    plan = Plan.objects.create(slug="small", name="Small", max_base_parameters=1_000_000)
    put_on(workspace=project.workspace, plan=plan)
    with pytest.raises(Problem) as caught:
        start()
    assert (caught.value.code, caught.value.values["limit_text"]) == (
        "quota.parameters", "1.0 million",
    )  # fmt: skip
    named = Plan.objects.create(slug="named", name="Named", bases=["another"])
    put_on(workspace=project.workspace, plan=named)
    with pytest.raises(Problem) as caught:
        start()
    assert caught.value.code == "plan.base"

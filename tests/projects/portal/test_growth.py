"""First steps, what is new, whether the site works, the demo: from what is there, and not otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User, Workspace
from notify.models import News
from projects.portal import changes, first_steps, state, steering, tips
from projects.portal.models import Demo
from projects.runs.models import Run
from web import switches

CHECKS = ("site", "checks", "training", "serving", "storage")


@pytest.mark.usefixtures("public")
def test_first_steps_are_ticked_by_what_is_there(
    alice: User, workspace: Workspace, a_run: Callable[..., Run]
) -> None:
    before = first_steps.shown(alice, workspace)
    assert [step.done for step in before] == [True, False, False, False]  # a_run has a project
    a_run("succeeded")
    after = first_steps.shown(alice, workspace)
    assert [step.done for step in after] == [True, True, True, False]


@pytest.mark.usefixtures("public")
def test_first_steps_are_closed_for_good_by_each_alone(
    alice_client: Client, alice: User, charlie: User, workspace: Workspace
) -> None:
    assert "first-steps" in alice_client.get(f"/w/{workspace.slug}/").content.decode()
    alice_client.post(f"/w/{workspace.slug}/first-steps/")
    assert 'id="first-steps"' not in alice_client.get(f"/w/{workspace.slug}/").content.decode()
    assert not steering.dismissed(charlie, f"first-steps:{workspace.pk}")


def test_internal_sites_show_no_first_steps(alice: User, workspace: Workspace) -> None:
    assert first_steps.shown(alice, workspace) == []


def test_every_change_is_told_in_both_languages() -> None:
    with translation.override("en"):
        english = changes.changes()
    with translation.override("zh-hans"):
        chinese = changes.changes()
    assert [one.version for one in english] == [one.version for one in chinese]
    assert [len(one.lines) for one in english] == [len(one.lines) for one in chinese]
    assert english[0].lines != chinese[0].lines
    assert [one.day for one in english] == sorted((one.day for one in english), reverse=True)


# --- whether the site works -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "worst"),
    [({}, "ok"), ({"training": "degraded"}, "degraded"), ({"site": "down"}, "down")],
)
@pytest.mark.usefixtures("public")
def test_the_state_of_the_site_is_that_of_its_worst_part(
    client: Client,
    alice_client: Client,
    monkeypatch: pytest.MonkeyPatch,
    broken: dict[str, str],
    worst: str,
) -> None:
    found = {name: broken.get(name, "ok") for name in CHECKS}
    monkeypatch.setattr(state, "_look", lambda: found)
    monkeypatch.setattr(state.cache, "get_or_set", lambda key, look, age: look())
    told = alice_client.get("/api/v1/status/").json()
    assert told["state"] == worst
    assert {part["name"]: part["state"] for part in told["parts"]} == found
    assert client.get("/status/").context["worst"] == worst


def test_parts_that_are_not_there_are_down_and_paused_ones_limited(
    db: None, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, operator: User
) -> None:
    settings.SERVING_FILE = tmp_path / "none.json"
    monkeypatch.setattr(state.health, "worker_alive", lambda name: False)
    assert (state._serving(), state._training(), state._checks_of_data()) == ("down",) * 3
    monkeypatch.setattr(state.health, "worker_alive", lambda name: True)
    assert state._training() == "ok"
    steering.switch(name="runs", on=False, user=operator)
    assert state._training() == "degraded"


# --- the demo ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("public")
def test_the_front_door_has_a_demo_only_where_one_was_chosen(
    client: Client,
    make_everything: Callable[..., dict[str, Any]],
    workspace: Workspace,
    alice: User,
    operator: User,
) -> None:
    assert 'action="/demo/"' not in client.get("/").content.decode()
    assert client.post("/demo/", {"text": "a"}).status_code == 404
    run = Run.objects.get(pk=make_everything(workspace, alice)["run_id"])
    Demo.objects.create(run=run, title_en="Ask it", title_zh="试一试")
    page = client.get("/").content.decode()
    assert "Ask it" in page
    assert 'action="/demo/"' in page
    steering.switch(name="public_tries", on=False, user=operator)
    assert client.post("/demo/", {"text": "a"}).status_code == 503


# --- mail to newcomers ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("public")
def test_who_was_silent_for_two_weeks_hears_of_it_once(alice: User, workspace: Workspace) -> None:
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now() - timedelta(days=13))
    assert tips.sweep() == 0
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now() - timedelta(days=14, hours=1))
    tips.sweep()
    tips.sweep()
    assert News.objects.filter(kind="tips.inactive").count() == 1


@pytest.mark.usefixtures("public")
def test_tips_can_be_switched_off(alice: User, workspace: Workspace, operator: User) -> None:
    steering.switch(name="tips", on=False, user=operator)
    assert not switches.is_on("tips")
    tips.welcome(alice)
    assert not News.objects.exists()

"""The public pages: there with one switch, gone without it; what they show, and what they never show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User, Workspace
from billing import credits
from billing.models import Plan
from notify.models import News
from projects.models import Project
from projects.portal import limiting, referrals, sharing, starters, tips
from projects.portal.models import Count, Referral, Share
from projects.runs.models import Artifact, Run
from training.problems import Problem

BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 Firefox/140"}
PAGES = ("/pricing/", "/templates/", "/changelog/", "/status/")


def test_an_internal_site_has_none_of_them(client: Client, db: None) -> None:
    assert client.get("/")["Location"].startswith("/accounts/login/")
    assert {client.get(page).status_code for page in PAGES} == {404}


@pytest.mark.usefixtures("public")
def test_a_public_site_has_all_of_them(client: Client, db: None) -> None:
    assert {client.get(page).status_code for page in ("/", *PAGES)} == {200}
    assert not client.cookies.keys() - {"csrftoken", "django_language"}


@pytest.mark.usefixtures("public")
def test_visits_are_counted_without_robots(client: Client, db: None) -> None:
    client.get("/", **BROWSER)
    client.get("/", **BROWSER)
    client.get("/", HTTP_USER_AGENT="Examplebot/1.0 (+https://example.org/bot)")
    assert Count.objects.get(name="visit.landing").count == 2


@pytest.mark.usefixtures("public")
def test_prices_are_those_of_the_plans(client: Client, db: None) -> None:
    said = client.get("/pricing/").content.decode()
    assert "$29.00" in said
    assert "$0.02 a minute" in said, "what lies beyond the limits has its price, too"
    Plan.objects.filter(slug="team").update(description="For our friends")
    page = client.get("/pricing/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "For our friends" in page, "what an operator wrote stays"
    assert "80 亿" in page
    Plan.objects.update(public=False)
    assert "$29.00" not in client.get("/pricing/").content.decode()


# --- shared models ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(
    public: None, make_everything: Callable[..., dict[str, Any]], workspace: Workspace, alice: User
) -> Share:
    run = Run.objects.get(pk=make_everything(workspace, alice)["run_id"])
    chosen = {"title": "Canary model", "text": "", "listed": False, "can_try": True, "examples": []}
    return sharing.share(run=run, user=alice, **chosen)


def test_a_shared_model_shows_its_report_and_no_row_of_the_data(
    shared: Share, client: Client
) -> None:
    answer = client.get(f"/m/{shared.token}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Canary model" in page
    assert "good canary" not in page
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_revoked_link_leads_nowhere(shared: Share, alice: User, client: Client) -> None:
    assert sharing.revoke(share=shared, user=alice)
    assert not sharing.revoke(share=shared, user=alice)
    assert client.get(f"/m/{shared.token}/").status_code == 404
    assert client.post(f"/m/{shared.token}/try/", {"text": "a"}).status_code == 404


def test_sharing_again_keeps_the_link(shared: Share, alice: User) -> None:
    chosen = {"title": "Renamed", "text": "", "listed": True, "can_try": False, "examples": []}
    again = sharing.share(run=shared.run, user=alice, **chosen)
    assert (again.token, again.title, again.listed) == (shared.token, "Renamed", True)


def test_strangers_ask_a_limited_number_of_times(
    shared: Share, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "WINDOWS", ((60, 2),))
    monkeypatch.setattr(sharing, "answer", lambda run, data: {"problem": None, "widget": None})
    monkeypatch.setattr("projects.portal.public.render", lambda *args, **kw: _plain(kw))
    statuses = [client.post(f"/m/{shared.token}/try/", {"text": "a"}).status_code for _n in "abc"]
    assert statuses == [200, 200, 429]


def _plain(given: dict[str, Any]) -> Any:
    from django.http import HttpResponse

    return HttpResponse(status=given.get("status", 200))


def test_a_text_that_is_too_long_is_not_asked(shared: Share) -> None:
    with pytest.raises(Problem):
        sharing.answer(shared.run, {"text": "a" * (sharing.LONGEST + 1)})


def test_the_interval_holds_the_score_and_narrows_with_rows() -> None:
    def of(matrix: list[list[int]]) -> tuple[float, float]:
        report = {"metrics": {"confusion": matrix}, "details": {"main": "accuracy"}}
        found = sharing.interval(sharing.Result(report))
        assert found
        return found

    few, many = of([[9, 1], [2, 8]]), of([[900, 100], [200, 800]])
    assert few[0] < 0.85 < few[1]
    assert many[1] - many[0] < few[1] - few[0]


# --- templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", starters.STARTERS)
def test_every_template_makes_a_project_with_data(
    name: str, workspace: Workspace, alice: User
) -> None:
    starter = starters.starter_of(name)
    project = starters.begin(workspace=workspace, user=alice, starter=starter)
    assert project.task == starter.task
    assert project.imports.count() == 1


# --- who brings whom, and what newcomers hear -------------------------------------------------------------------------


@pytest.fixture
def offered(public: None, settings: Any) -> None:
    settings.REFERRAL_CREDIT = (1000, "USD")


@pytest.mark.usefixtures("offered")
def test_a_referral_earns_both_once_with_the_first_model(
    workspace: Workspace, charlie: User, charlies_workspace: Workspace
) -> None:
    assert referrals.take(user=charlie, code=referrals.code_of(workspace).code.upper())
    assert credits.balance(workspace, "USD") == 0
    assert referrals.earn(charlies_workspace)
    assert not referrals.earn(charlies_workspace)
    assert [credits.balance(one, "USD") for one in (workspace, charlies_workspace)] == [1000, 1000]


def test_referrals_have_a_tab_where_they_are_offered(
    alice_client: Client, workspace: Workspace, request: pytest.FixtureRequest
) -> None:
    tab = f'href="/w/{workspace.slug}/referrals/"'
    assert tab not in alice_client.get(f"/w/{workspace.slug}/settings/").content.decode()
    request.getfixturevalue("offered")
    assert tab in alice_client.get(f"/w/{workspace.slug}/settings/").content.decode()
    assert alice_client.get(f"/w/{workspace.slug}/referrals/").status_code == 200


@pytest.mark.usefixtures("offered")
def test_nobody_refers_himself(workspace: Workspace, alice: User) -> None:
    code = referrals.code_of(workspace).code
    assert referrals.take(user=alice, code=code) is None
    again = User.objects.create_user("alice+2@example.org", "correct horse battery")
    assert referrals.take(user=again, code=code) is None
    assert referrals.take(user=again, code="nonsense") is None
    assert not Referral.objects.exists()


@pytest.mark.usefixtures("offered")
def test_the_code_comes_through_sign_up(client: Client, workspace: Workspace) -> None:
    code = referrals.code_of(workspace).code
    page = client.get(client.get(f"/r/{code}/")["Location"]).content.decode()
    assert f'name="ref" value="{code}"' in page
    assert "both get a credit of $10.00" in page
    assert "credit of" not in client.get("/accounts/signup/?ref=nonsense").content.decode()
    form = {"email": "new@example.org", "password1": "correct horse battery", "ref": code}
    assert client.post("/accounts/signup/", form).status_code == 302
    assert Referral.objects.get().code.workspace == workspace
    assert News.objects.filter(kind="tips.welcome").count() == 1


def test_internal_sites_send_no_tips(alice: User, a_run: Callable[..., Run]) -> None:
    tips.welcome(alice)
    tips.first_model(a_run())
    assert not News.objects.exists()


@pytest.mark.usefixtures("public")
def test_the_first_model_is_praised_once(
    a_run: Callable[..., Run], project: Project, alice: User
) -> None:
    for number in range(2):
        Artifact.objects.create(run=a_run(), folder=f"{number}", zip_path="z", size=1, sha256="0")
    assert News.objects.get().kind == "tips.first_model"

"""The audit trail: what an entry holds, and that it stays."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import audit, audit_words
from accounts.audit_views import lines
from accounts.models import ApiToken, AuditEntry, User, Workspace


def request_of(user: Any, **headers: str) -> Any:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", headers=headers)
    request.user = user
    return request


def test_an_entry_says_who_what_when_and_from_where(alice: User, workspace: Workspace) -> None:
    audit.record(workspace, "project.created", request=request_of(alice), about="A\n b", rows=3)
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.user, entry.who, entry.workspace) == (alice, alice.email, workspace)
    assert (entry.verb, entry.about, entry.values) == ("project.created", "A b", {"rows": 3})
    assert entry.address == "192.0.2.7"
    assert timezone.now() - entry.at < timedelta(minutes=1)


def test_details_are_written_for_people() -> None:
    values = {"changed": ["name", "country"], "guest": False, "reason": "", "days": 0}
    shown = [("changed", "name, country"), ("guest", "no"), ("days", "0")]
    assert audit_words.details(values) == shown


def test_it_knows_the_request_that_is_being_answered(
    alice_client: Client, workspace: Workspace
) -> None:
    alice_client.post(f"/w/{workspace.slug}/settings/name/", {"name": "New"})
    entry = AuditEntry.objects.filter(verb="workspace.renamed").get()
    assert (entry.who, entry.address) == ("alice@example.org", "127.0.0.1")
    assert entry.values == {"before": "alice", "after": "New"}


def test_what_a_token_does_is_told_by_its_beginning(alice: User, workspace: Workspace) -> None:
    request = request_of(alice)
    request.auth = ApiToken(workspace=workspace, created_by=alice, prefix="att_abcd1234")
    audit.record(workspace, "run.started", request=request)
    assert AuditEntry.objects.filter(via="token att_abcd1234…").exists()


@pytest.mark.parametrize(("proxies", "address"), [(0, "192.0.2.7"), (1, "198.51.100.9")])
def test_a_proxy_is_believed_where_there_is_one(
    alice: User, workspace: Workspace, settings: Any, proxies: int, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    forwarded = {"X-Forwarded-For": "203.0.113.1, 198.51.100.9"}
    assert audit.address_of(request_of(alice, **forwarded)) == address


def test_secrets_are_not_written_down(workspace: Workspace) -> None:
    audit.record(workspace, "token.created", secret="hush", password="hush", token="hush")
    entry = AuditEntry.objects.get(verb="token.created")
    assert "hush" not in str(entry.values)


def test_it_is_not_rewritten(workspace: Workspace) -> None:
    audit.record(workspace, "token.created")
    entry = AuditEntry.objects.get(verb="token.created")
    for change in (entry.save, entry.delete, AuditEntry.objects.all().delete):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(TypeError):
        AuditEntry.objects.update(who="somebody else")


def test_it_outlives_its_workspace_and_its_person(charlie: User) -> None:
    workspace = charlie.workspaces.get()
    audit.record(workspace, "project.created", user=charlie)
    workspace.delete()
    charlie.delete()
    entry = AuditEntry.objects.get(verb="project.created")
    assert (entry.who, entry.user, entry.workspace) == ("charlie@example.org", None, None)


def test_age_alone_takes_it_away(workspace: Workspace) -> None:
    for verb, days in (("old.one", 40), ("new.one", 20)):
        at = timezone.now() - timedelta(days=days)
        AuditEntry.objects.create(workspace=workspace, verb=verb, at=at)
    assert audit.expire(0) == 0
    assert audit.expire(30) == 1
    assert audit.expire(30) == 0
    assert not AuditEntry.objects.filter(verb="old.one").exists()
    assert AuditEntry.objects.filter(verb="new.one").exists()


class TestPage:
    @pytest.fixture
    def url(self, workspace: Workspace) -> str:
        return f"/w/{workspace.slug}/settings/audit/"

    def test_it_filters(
        self, alice_client: Client, workspace: Workspace, url: str, bob: User
    ) -> None:
        audit.record(workspace, "project.created", user=bob, about="Canary")
        audit.record(workspace, "run.started", user=bob, about="Goldfinch")
        html = alice_client.get(f"{url}?verb=project").content.decode()
        assert "Canary" in html
        assert "Goldfinch" not in html
        assert "Canary" in alice_client.get(f"{url}?who=BOB").content.decode()
        assert "Canary" not in alice_client.get(f"{url}?who=vera").content.decode()

    def test_it_goes_back_page_by_page(
        self, alice_client: Client, workspace: Workspace, url: str
    ) -> None:
        for number in range(60):
            audit.record(workspace, "project.created", about=f"<{number}>")
        first = alice_client.get(f"{url}?verb=project").content.decode()
        assert "&lt;59&gt;" in first
        assert "&lt;5&gt;" not in first
        older = first.partition("before=")[2].partition('"')[0]
        assert (
            "&lt;5&gt;" in alice_client.get(f"{url}?verb=project&before={older}").content.decode()
        )
        assert alice_client.get(f"{url}?before=nonsense").status_code == 200

    def test_it_is_of_this_workspace(
        self, alice_client: Client, charlies_workspace: Workspace, url: str
    ) -> None:
        audit.record(charlies_workspace, "project.created", about="Canary")
        assert "Canary" not in alice_client.get(url).content.decode()

    def test_the_file_holds_no_formulas(self, workspace: Workspace) -> None:
        audit.record(workspace, "project.created", about="=HYPERLINK(1)")
        text = "".join(lines(audit.entries(workspace, verb="project")))
        assert ",'=HYPERLINK(1)" in text


class TestSigningIn:
    SIGN_IN = "/accounts/login/"

    def verbs(self, workspace: Workspace) -> list[str]:
        found = AuditEntry.objects.filter(workspace=workspace, verb__startswith="account.")
        return list(found.values_list("verb", flat=True))

    def test_in_and_out(self, alice: User, workspace: Workspace, client: Client) -> None:
        form = {"login": alice.email, "password": "correct horse battery"}
        client.post(self.SIGN_IN, form)
        client.post("/accounts/logout/")
        assert self.verbs(workspace) == ["account.signed_out", "account.signed_in"]

    def test_a_failure(self, alice: User, workspace: Workspace, client: Client) -> None:
        client.post(self.SIGN_IN, {"login": alice.email, "password": "wrong"})
        entry = AuditEntry.objects.get(verb="account.sign_in_failed")
        assert (entry.workspace, entry.user, entry.address) == (workspace, alice, "127.0.0.1")

    def test_what_is_no_address_of_an_account_is_not_kept(self, db: None, client: Client) -> None:
        client.post(self.SIGN_IN, {"login": "oops-my-password@example.org", "password": "wrong"})
        entry = AuditEntry.objects.get(verb="account.sign_in_failed")
        assert (entry.workspace, entry.who, entry.about, entry.values) == (None, "", "", {})


def test_every_verb_that_is_written_has_words() -> None:
    """Also those of the parts above: whatever stands in the code as a verb is told in words."""
    root = Path(__file__).resolve().parents[2]
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("platform", "projects")
        for path in (root / folder).rglob("*.py")
    )
    written = re.findall(r'(?:record|note)\(\s*[\w.\[\]"]+,\s*"([a-z_]+\.[a-z_]+)"', code)
    written += re.findall(r'note\("([a-z_]+\.[a-z_]+)"', code)
    assert len(written) > 30
    assert not {verb for verb in written if verb not in audit_words.VERBS}

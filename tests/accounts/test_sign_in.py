"""Two factors, sessions, mail domains and the sign-on of an organisation."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from accounts import domains, members
from accounts.invitations import invite
from accounts.models import AuditEntry, MailDomain, Member, Role, User, Workspace
from accounts.services import create_token, set_rules
from config import sign_on
from training.problems import Problem

SECRET = "JBSWY3DPEHPK3PXP"
PASSWORD = "correct horse battery"


def code_now() -> str:
    return format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time()))))


def sign_in(client: Client, email: str) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": PASSWORD})


class TestTwoFactors:
    def test_signing_in(self, alice: User, client: Client) -> None:
        TOTP.activate(alice, SECRET)
        assert sign_in(client, alice.email)["Location"] == "/accounts/2fa/authenticate/"
        assert client.get("/", follow=True).redirect_chain == []
        assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
        assert AuditEntry.objects.filter(verb="account.factor_failed").exists()
        assert client.post("/accounts/2fa/authenticate/", {"code": code_now()}).status_code == 302
        assert client.get("/accounts/email/").status_code == 200

    def test_a_recovery_code_works_once(self, alice: User) -> None:
        TOTP.activate(alice, SECRET)
        code = RecoveryCodes.activate(alice).get_unused_codes()[0]
        for expected in (302, 200):
            client = Client()
            sign_in(client, alice.email)
            assert (
                client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == expected
            )

    def test_a_workspace_may_want_them(
        self, alice: User, alice_client: Client, workspace: Workspace, bob_client: Client
    ) -> None:
        set_rules(workspace=workspace, needs_two_factors=True)
        response = alice_client.get(f"/w/{workspace.slug}/")
        assert response.status_code == 403
        assert "/accounts/2fa/" in response.content.decode()
        token = create_token(workspace=workspace, user=alice, name="x")[1]
        headers = {"Authorization": f"Bearer {token}"}
        assert Client().get("/api/v1/projects/", headers=headers).status_code == 200
        TOTP.activate(alice, SECRET)
        assert alice_client.get(f"/w/{workspace.slug}/").status_code == 200
        assert bob_client.get(f"/w/{workspace.slug}/").status_code == 403

    @pytest.mark.parametrize(
        "path", ["", "totp/activate/", "webauthn/", "webauthn/add/", "recovery-codes/generate/"]
    )
    def test_the_pages_hold_no_inline_script(self, alice: User, client: Client, path: str) -> None:
        if path.startswith("recovery"):
            TOTP.activate(alice, SECRET)
        client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        url = f"/accounts/2fa/{path}"
        response = client.get(url, follow=True)
        if response.redirect_chain:  # the password once more
            once_more = {"password": PASSWORD, "code": code_now()}
            client.post(response.redirect_chain[-1][0], once_more)
            response = client.get(url)
        assert response.status_code == 200
        html = response.content.decode()
        scripts = [part.partition(">")[0] for part in html.split("<script")[1:]]
        assert all(
            "src=" in tag or "application/json" in tag or 'type="module"' in tag for tag in scripts
        )
        assert "onclick" not in html


class TestSessions:
    def test_ending_another(self, alice: User) -> None:
        here, there = Client(), Client()
        for client in (here, there):
            sign_in(client, alice.email)
        assert len(UserSession.objects.filter(user=alice)) == 2
        other = UserSession.objects.get(session_key=there.session.session_key)
        assert "Sign out there" in here.get("/accounts/sessions/").content.decode()
        here.post(f"/accounts/sessions/{other.pk}/end/")
        assert there.get("/accounts/email/").status_code == 302
        assert here.get("/accounts/email/").status_code == 200

    def test_not_those_of_others(self, alice: User, charlie_client: Client, client: Client) -> None:
        sign_in(client, alice.email)
        session = UserSession.objects.get(user=alice)
        assert charlie_client.post(f"/accounts/sessions/{session.pk}/end/").status_code == 404


@pytest.fixture
def domain(workspace: Workspace) -> MailDomain:
    now = timezone.now()
    return MailDomain.objects.create(
        workspace=workspace, domain="acme.org", role=Role.ANNOTATOR, confirmed_at=now
    )


def confirm(user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)


class TestMailDomains:
    def test_claiming_ones_own(
        self, alice: User, workspace: Workspace, alice_client: Client
    ) -> None:
        form = {"domain": "@Example.org", "role": "viewer"}
        url = f"/w/{workspace.slug}/domains/"
        response = alice_client.post(url, form, follow=True)
        assert "not that of your address" in response.content.decode()
        confirm(alice)
        assert (
            "waits for the operator" in alice_client.post(url, form, follow=True).content.decode()
        )
        claimed = MailDomain.objects.get()
        operator = User.objects.create_superuser("op@example.com")
        domains.confirm(domain=claimed, by=operator)
        claimed.refresh_from_db()
        assert claimed.confirmed_at
        assert AuditEntry.objects.filter(verb="domain.confirmed", who="op@example.com").exists()

    def test_people_of_the_domain_join(self, domain: MailDomain) -> None:
        eve = User.objects.create_user("eve@acme.org")
        assert not domain.workspace.memberships.filter(user=eve).exists()
        assert domains.join(eve, eve.email)
        assert Member.objects.get(user=eve, workspace=domain.workspace).role == Role.ANNOTATOR
        assert domains.join(eve, eve.email) is None

    def test_an_unconfirmed_claim_does_nothing(self, domain: MailDomain) -> None:
        MailDomain.objects.update(confirmed_at=None)
        assert domains.join(User.objects.create_user("eve@acme.org"), "eve@acme.org") is None

    def test_whoever_was_removed_does_not_come_back_by_it(
        self, domain: MailDomain, alice: User
    ) -> None:
        eve = User.objects.create_user("eve@acme.org")
        member = domains.join(eve, eve.email)
        assert member
        members.remove_member(member=member, by=alice)
        assert domains.join(eve, eve.email) is None

    def test_only_through_the_sign_on(
        self, domain: MailDomain, settings: Any, client: Client
    ) -> None:
        MailDomain.objects.update(sign_on=True)
        eve = User.objects.create_user("eve@acme.org", PASSWORD)
        settings.SIGN_ON = "Okta"
        response = sign_in(client, eve.email)
        assert response.status_code == 403
        assert "Okta" in response.content.decode()
        domains.join(eve, eve.email)
        Member.objects.filter(user=eve, workspace=domain.workspace).update(role=Role.OWNER)
        assert sign_in(Client(), eve.email).status_code == 302

    def test_an_admin_claims_no_more_than_he_may_give(
        self, bob: User, workspace: Workspace
    ) -> None:
        with pytest.raises(Problem):
            domains.claim(
                workspace=workspace, by=bob, domain="example.org", role="owner", sign_on=False
            )


class TestSignOn:
    ALL = {"oidc": "https://id.acme.org", "client": "a", "secret": "b", "saml": "", "entity": ""}

    def test_by_openid_connect(self) -> None:
        found, apps = sign_on.providers("Acme", **self.ALL)
        assert found["openid_connect"]["APPS"][0]["name"] == "Acme"
        assert apps == ["allauth.socialaccount.providers.openid_connect"]

    @pytest.mark.parametrize(
        ("change", "missing"),
        [
            ({"client": ""}, "ATTUNE_OIDC_CLIENT"),
            ({"secret": ""}, "ATTUNE_OIDC_SECRET"),
            ({"saml": "https://id.acme.org/meta"}, "ATTUNE_SAML_ENTITY"),
        ],
    )
    def test_what_is_missing_is_named(self, change: dict[str, str], missing: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=missing):
            sign_on.providers("Acme", **(self.ALL | change))


def test_an_invitation_does_not_go_round_the_rules(
    alice: User, workspace: Workspace, charlie_client: Client
) -> None:
    set_rules(workspace=workspace, needs_two_factors=True)
    _made, url = invite(workspace=workspace, by=alice, role=Role.VIEWER)
    charlie_client.post("/invitation/" + url.partition("/invitation/")[2])
    assert charlie_client.get(f"/w/{workspace.slug}/").status_code == 403

"""Signing up, signing in and a forgotten password, by allauth with our settings."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User

NEWCOMER = {"email": "Li.Lei+ml@例子.中国", "password1": "a long enough secret"}
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_rate_limits(db: None) -> None:
    cache.clear()


def test_it_works(client: Client) -> None:
    response = client.post("/accounts/signup/", NEWCOMER)
    assert response.status_code == 302
    user = User.objects.get()
    assert user.workspaces.get().name == "li.lei+ml"
    assert client.session["_auth_user_id"] == str(user.pk)


def test_sign_up_can_be_closed(client: Client, settings: Any) -> None:
    settings.SIGN_UP = False
    response = client.post("/accounts/signup/", NEWCOMER)
    assert response.status_code == 200
    assert not User.objects.exists()
    assert b'name="password1"' not in client.get("/accounts/signup/").content


def test_a_weak_password_is_refused(client: Client) -> None:
    client.post("/accounts/signup/", NEWCOMER | {"password1": "12345678"})
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["alice@example.org", "ALICE@Example.org"])
def test_an_address_is_taken_once_whatever_its_case(
    client: Client, alice: User, email: str
) -> None:
    client.post("/accounts/signup/", NEWCOMER | {"email": email})
    assert User.objects.get() == alice


def test_signing_in(client: Client, alice: User) -> None:
    response = client.post("/accounts/login/", {"login": "Alice@example.org", "password": PASSWORD})
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_a_deactivated_user_stays_outside(client: Client, alice: User) -> None:
    User.objects.update(is_active=False)
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("forwarded", [None, "changing"])
def test_guessing_is_slowed_down(client: Client, alice: User, forwarded: str | None) -> None:
    """Also for the right password, and also when the guesser claims to be somebody else each time."""
    for number in range(12):
        headers = {"X-Forwarded-For": f"10.0.0.{number}"} if forwarded else {}
        client.post(
            "/accounts/login/", {"login": alice.email, "password": str(number)}, headers=headers
        )
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_the_admin_has_no_sign_in_of_its_own(client: Client) -> None:
    response = client.get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_forgotten_password(client: Client, alice: User) -> None:
    client.post("/accounts/password/reset/", {"email": alice.email})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link
    page = client.get(link[1], follow=True)
    form = page.request["PATH_INFO"]
    client.post(form, {"password1": "another long secret", "password2": "another long secret"})
    alice.refresh_from_db()
    assert alice.check_password("another long secret")


def test_the_link_is_good_once(client: Client, alice: User) -> None:
    test_a_forgotten_password(client, alice)
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link
    page = Client().get(link[1], follow=True)
    assert page.context["token_fail"]


def test_nobody_learns_who_has_an_account(client: Client, alice: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": alice.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]


def test_mail_goes_to_a_folder(client: Client, alice: User, settings: Any, home: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    client.post("/accounts/password/reset/", {"email": alice.email})
    (written,) = (home / "mail").iterdir()
    assert "/accounts/password/reset/key/" in written.read_text()

"""What all pages have in common: policy, theme, language, the shell; and the front door."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
PUBLIC = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")


@pytest.fixture(autouse=True)
def _public(settings: Any) -> None:
    """The front page is there for everybody."""
    settings.PUBLIC = True


@pytest.mark.parametrize("url", [*PUBLIC, "/nothing/here/"])
def test_the_policy_allows_no_inline_script_and_no_eval(client: Client, url: str) -> None:
    policy = client.get(url)["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in policy


INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son\w+=|<style", re.I)


@pytest.mark.parametrize("url", PUBLIC)
def test_pages_keep_to_the_policy(client: Client, url: str) -> None:
    assert not INLINE.search(client.get(url).content.decode())


def templates() -> list[Path]:
    return sorted((Path(settings.ASSETS) / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_no_template_has_inline_script_or_unescaped_output(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not INLINE.search(text)
    assert not re.search(r"\|\s*safe\b|autoescape\s+off|\bstyle=", text)
    assert not re.search(r"https?://(?!localhost)", text), "nothing comes from elsewhere"


def theme_of(client: Client, url: str = "/") -> str:
    found = re.search(r"<html[^>]*data-theme=\"(\w+)\"", client.get(url).content.decode())
    return found.group(1) if found else ""


def test_the_theme_is_that_of_the_system_until_one_is_chosen(client: Client) -> None:
    assert theme_of(client) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chosen_theme_is_in_the_first_byte_of_the_page(client: Client, theme: str) -> None:
    client.cookies["theme"] = theme
    assert theme_of(client) == theme
    assert theme_of(client, "/nothing/") == theme


def test_a_made_up_theme_is_ignored(client: Client) -> None:
    client.cookies["theme"] = "x onload=1"
    assert theme_of(client) == ""


def test_the_language_can_be_changed(client: Client) -> None:
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"})
    assert '<html lang="zh-hans"' in client.get("/").content.decode()


def test_strangers_see_what_this_is(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "labelled CSV" in page
    assert "/accounts/signup/" in page
    assert "the figures are made up" in page


def test_a_closed_sign_up_is_not_offered(client: Client, settings: Any) -> None:
    settings.SIGN_UP = False
    assert "/accounts/signup/" not in client.get("/").content.decode()


def test_members_go_on_to_their_workspace(client: Client, alice: User) -> None:
    client.force_login(alice)
    slug = alice.workspaces.get().slug
    assert client.get("/")["Location"] == f"/w/{slug}/"


def test_somebody_without_a_workspace_is_told_so(client: Client, alice: User) -> None:
    alice.memberships.all().delete()
    client.force_login(alice)
    response = client.get("/")
    assert response.status_code == 200
    assert "no workspace" in response.content.decode()


def test_it_rejects_post(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_the_shell_names_the_workspace_and_the_person(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/accounts/email/").content.decode()
    assert alice.workspaces.get().name in page
    assert alice.email in page
    assert 'action="/accounts/logout/"' in page


def test_the_gallery_is_not_there_in_production(client: Client) -> None:
    assert client.get("/_gallery/").status_code == 404


def test_the_admin_wears_our_colours(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "attune-admin.css" in page
    assert "Attune administration" in page
    assert not INLINE.search(page)

"""People: a second member who may label but not train, and signing in with a passkey."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"


def sign_up(page: Page, email: str) -> None:
    page.fill("[name=email]", email)
    page.fill("[name=password1]", PASSWORD)
    page.get_by_role("button", name="Create account").click()


def test_a_second_member_labels_and_does_not_train(
    walk: Any, browser: Any, context: BrowserContext
) -> None:
    page = walk.page
    page.goto(f"{walk.url}/accounts/signup/")
    sign_up(page, "owner@example.org")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Members").click()
    page.get_by_role("button", name="Invite people").click()
    page.locator("#invite-form [name=role]").select_option("annotator")
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator("#link code").inner_text()
    assert "/invitation/" in link

    with browser.new_context() as theirs:
        guest = theirs.new_page()
        guest.goto(link)
        guest.get_by_role("link", name="Create an account").click()
        sign_up(guest, "annotator@example.org")
        guest.get_by_role("button", name="Join").click()
        guest.get_by_text("Welcome to “owner”").wait_for()
        assert guest.get_by_role("link", name="New project").count() == 0
        guest.locator("aside summary").first.click()
        assert guest.get_by_role("link", name="annotator", exact=True).is_visible()

    page.get_by_role("link", name="I have copied it").click()
    page.locator("details.card > summary").click()
    walk.look("members")
    for name in ("signin", "audit"):
        walk.go(f"/w/owner/settings/{name}/")
        walk.look(f"settings-{name}")
    walk.go("/accounts/2fa/")
    walk.look("second-factor")
    walk.go("/w/owner/settings/members/")
    assert page.get_by_role("link", name="annotator@example.org").is_visible()


def test_a_passkey_signs_in(walk: Any, context: BrowserContext) -> None:
    """With a key that the browser plays; the script of the package runs under the site's policy."""
    page = walk.page
    keys = context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    authenticator = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
    page.goto(f"{walk.url}/accounts/signup/")
    sign_up(page, "passkey@example.org")
    page.wait_for_url("**/w/**")
    page.goto(f"{walk.url}/accounts/2fa/webauthn/add/")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.check("[name=passwordless]")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/**")
    context.clear_cookies()
    page.goto(f"{walk.url}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/w/**")

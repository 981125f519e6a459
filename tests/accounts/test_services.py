"""Users get a workspace however they are made; tokens are kept as hashes."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from accounts import services
from accounts.models import ApiToken, Member, Role, User, Workspace
from accounts.signals import workspace_created


@pytest.mark.parametrize(
    ("email", "name", "slug"),
    [
        ("ada.lovelace@example.org", "ada.lovelace", "adalovelace"),
        ("李雷@例子.中国", "李雷", "workspace"),
        ("o'brien+ml@example.org", "o'brien+ml", "obrienml"),
        ("ÅSA@example.org", "åsa", "asa"),
        ("___@example.org", "___", "workspace"),
        ("x" * 200 + "@example.org", "x" * 80, "x" * 50),
    ],
)
def test_a_user_gets_a_workspace(db: None, email: str, name: str, slug: str) -> None:
    user = User.objects.create_user(email)
    workspace = user.workspaces.get()
    assert (workspace.name, workspace.slug) == (name, slug)
    assert Member.objects.get(user=user).role == Role.OWNER


def test_slugs_are_unique(db: None) -> None:
    users = [User.objects.create_user(f"sam@example{n}.org") for n in range(4)]
    slugs = [user.workspaces.get().slug for user in users]
    assert len(set(slugs)) == 4
    assert all(re.fullmatch(r"sam(-[a-z0-9]{6})?", slug) for slug in slugs)


def test_the_command_line_makes_one_too(db: None, monkeypatch: Any) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "secret")
    call_command("createsuperuser", email="root@example.org", interactive=False, verbosity=0)
    assert User.objects.get().workspaces.get().name == "root"


def test_saving_a_user_again_makes_no_second_workspace(alice: User) -> None:
    alice.first_name = "Alice"
    alice.save()
    assert alice.workspaces.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_user_without_a_workspace() -> None:
    """When the workspace fails, the user is not made either."""

    def fail(**kwargs: Any) -> None:
        raise RuntimeError

    workspace_created.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            User.objects.create_user("alice@example.org")
    finally:
        workspace_created.disconnect(fail)
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


def test_renaming_keeps_the_slug(workspace: Workspace) -> None:
    services.rename_workspace(workspace=workspace, name="  客户支持 ")
    workspace.refresh_from_db()
    assert (workspace.name, workspace.slug) == ("客户支持", "alice")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_it_rejects_bad_names(workspace: Workspace, name: str) -> None:
    with pytest.raises(ValidationError):
        services.rename_workspace(workspace=workspace, name=name)


def test_a_token_is_stored_as_a_hash(alice: User, workspace: Workspace) -> None:
    token, text = services.create_token(workspace=workspace, user=alice, name="CI")
    assert re.fullmatch(r"att_[A-Za-z0-9]{48}", text)
    assert text.startswith(token.prefix)
    row = ApiToken.objects.values().get()
    secret = text.removeprefix(token.prefix)
    assert not any(secret in str(value) for value in row.values())


def test_no_two_tokens_are_alike(alice: User, workspace: Workspace) -> None:
    texts = {
        services.create_token(workspace=workspace, user=alice, name="CI")[1] for _n in range(20)
    }
    assert len(texts) == 20


def test_revoking_twice_keeps_the_first_time(alice: User, workspace: Workspace) -> None:
    token, _text = services.create_token(workspace=workspace, user=alice, name="CI")
    services.revoke_token(token=token)
    first = ApiToken.objects.get().revoked_at
    services.revoke_token(token=token)
    assert ApiToken.objects.get().revoked_at == first is not None

"""Every page of the admin is for operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.test import Client

from accounts.models import User, Workspace


def pages() -> list[str]:
    return [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"
        for model in apps.get_models()
        if admin.site.is_registered(model)
        for rest in ("", "add/")
    ]


def test_the_admin_is_for_staff(
    alice: User,
    alice_client: Client,
    workspace: Workspace,
    make_everything: Callable[[Workspace, User], dict[str, Any]],
) -> None:
    make_everything(workspace, alice)
    operator = Client()
    operator.force_login(
        User.objects.create_superuser("operator@example.org"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    for url in pages():
        assert operator.get(url).status_code in (200, 403), url  # 403: nobody adds those by hand
        for client in (alice_client, Client()):
            assert client.get(url).status_code in (302, 403), url

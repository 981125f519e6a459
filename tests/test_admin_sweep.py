"""Every page of the admin, asked for as operator, as owner and as nobody."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.test import Client

from accounts.models import User, Workspace

from .test_access_sweep import signed_in


def admin_pages() -> list[str]:
    return [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"
        for model in apps.get_models()
        if admin.site.is_registered(model)
        for rest in ("", "add/")
    ]


def test_the_admin_is_for_staff(alice: User, workspace: Workspace, make_everything: Any) -> None:
    make_everything(workspace, alice)
    operator = signed_in(User.objects.create_superuser("operator@example.org"))
    others = (signed_in(alice), Client())
    for url in admin_pages():
        assert operator.get(url).status_code in (200, 403), url  # 403: nobody adds those by hand
        for client in others:
            assert client.get(url).status_code in (302, 403), url

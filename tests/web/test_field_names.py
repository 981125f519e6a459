"""The admin calls the fields of tables by words in the reader's language."""

from __future__ import annotations

from django.contrib import admin
from django.db.migrations.state import ModelState
from django.test import Client
from django.utils import translation
from django.utils.functional import Promise

from billing.models import LedgerEntry
from web.field_names import NAMES, OURS


def test_every_field_that_the_admin_shows_has_words() -> None:
    """A new field gets a name of its own, or one in web/field_names.py."""
    ours = (model for model in admin.site._registry if model.__module__.partition(".")[0] in OURS)
    bare = {
        f"{model.__name__}.{field.name}"
        for model in ours
        for field in model._meta.fields
        if not isinstance(field.verbose_name, Promise)
    }
    assert not bare


def test_each_is_translated() -> None:
    with translation.override("zh-hans"):
        same = {name for name, words in NAMES.items() if str(words) == name}
    assert same <= {"sha256", "webhook"}, "words that are the same in Chinese"


def test_migrations_know_nothing_of_it() -> None:
    fields = ModelState.from_model(LedgerEntry).fields
    assert "verbose_name" not in fields["meter"].deconstruct()[3]


def test_a_list_in_chinese(admin_client: Client) -> None:
    page = admin_client.get("/admin/billing/ledgerentry/", headers={"accept-language": "zh-hans"})
    assert "计量项" in page.content.decode()

"""What all tests share: Alice owns a workspace, Bob is its member, Vera its viewer, Charlie is a stranger."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.db.models.signals import post_migrate
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Member, Role, User, Workspace
from accounts.services import create_token
from tests import everything
from tests.migrated import Tables
from tests.parallel import (  # noqa: F401
    pytest_collection,
    pytest_collection_modifyitems,
    pytest_xdist_make_scheduler,
)
from tests.warm import Warm
from tests.warm import warm as started

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def tables(request: pytest.FixtureRequest) -> Tables:
    return Tables(request.config)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A database file instead of one in memory: threads then meet the same locks as in production.

    Processes that share the tests have a database each.
    """
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    elif name := os.environ.get("ATTUNE_TEST_DATABASE"):
        database["TEST"]["NAME"] = name


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_modify_db_settings: None, django_db_keepdb: bool, tables: Tables
) -> bool:
    """Whether the tables are there when Django makes the database: it then finds nothing to migrate."""
    database = connections["default"].settings_dict
    lite = database["ENGINE"].endswith("sqlite3")
    return tables.copied(Path(database["TEST"]["NAME"])) if lite else django_db_keepdb


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_keepdb: bool, tables: Tables) -> None:
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3") and not django_db_keepdb:
        tables.keep(Path(database["NAME"]))


@pytest.fixture(scope="session", autouse=True)
def _plans_outlive_transactional_tests() -> Iterator[None]:
    """Those tests empty every table when they end; this puts the plans of the data migration back."""
    create_missing = import_module("billing.migrations.0007_default_plans").create_missing

    def restore(sender: Any, **kwargs: Any) -> None:
        if "billing_plan" in connections["default"].introspection.table_names():
            create_missing(apps)

    billing = apps.get_app_config("billing")
    post_migrate.connect(restore, sender=billing, weak=False)
    yield
    post_migrate.disconnect(restore, sender=billing)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Runs programs that need torch in processes of their own, quickly."""
    with started(tmp_path_factory.mktemp("warm")) as found:
        yield found


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """A state folder of the test's own; nothing is written to the one of this checkout."""
    home = tmp_path / "home"
    for name in ("uploads", "versions", "runs", "bases", "mail", "tmp"):
        (home / name).mkdir(parents=True)
    settings.ATTUNE_HOME = home
    settings.UPLOADS_DIR = home / "uploads"
    settings.VERSIONS_DIR = home / "versions"
    settings.RUNS_DIR = home / "runs"
    settings.BASES_DIR = home / "bases"
    settings.SERVING_FILE = home / "serving.json"
    settings.CALIBRATION_FILE = home / "calibration.json"
    settings.EMAIL_FILE_PATH = str(home / "mail")
    settings.FILE_UPLOAD_TEMP_DIR = str(home / "tmp")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return home


@pytest.fixture
def alice(db: None) -> User:
    """Owns `workspace`."""
    return User.objects.create_user("alice@example.org", PASSWORD)


@pytest.fixture
def workspace(alice: User) -> Workspace:
    return alice.workspaces.get()


@pytest.fixture
def bob(workspace: Workspace) -> User:
    """A member of Alice's workspace."""
    return _joins(workspace, "bob@example.org", Role.EDITOR)


@pytest.fixture
def vera(workspace: Workspace) -> User:
    """A viewer of Alice's workspace."""
    return _joins(workspace, "vera@example.org", Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger with a workspace of his own."""
    return User.objects.create_user("charlie@example.org", PASSWORD)


@pytest.fixture
def charlies_workspace(charlie: User) -> Workspace:
    return charlie.workspaces.get()


@pytest.fixture
def alice_client(alice: User) -> Client:
    return _signed_in(alice)


@pytest.fixture
def bob_client(bob: User) -> Client:
    return _signed_in(bob)


@pytest.fixture
def vera_client(vera: User) -> Client:
    return _signed_in(vera)


@pytest.fixture
def charlie_client(charlie: User) -> Client:
    return _signed_in(charlie)


@pytest.fixture
def api_token(alice: User, workspace: Workspace) -> str:
    """The text of a token that opens Alice's workspace."""
    return create_token(workspace=workspace, user=alice, name="test")[1]


@pytest.fixture
def api(api_token: str) -> APIClient:
    """A client of the API with Alice's token."""
    return api_client(api_token)


@pytest.fixture
def charlie_api(charlie: User, charlies_workspace: Workspace) -> APIClient:
    return api_client(create_token(workspace=charlies_workspace, user=charlie, name="test")[1])


@pytest.fixture
def make_everything(home: Path) -> Callable[[Workspace, User], dict[str, Any]]:
    """A function that makes one of everything in a workspace, files included; see tests.everything."""
    return partial(everything.make_everything, home)


def api_client(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def _joins(workspace: Workspace, email: str, role: str) -> User:
    user = User.objects.create_user(email, PASSWORD)
    Member.objects.create(workspace=workspace, user=user, role=role)
    return user


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client

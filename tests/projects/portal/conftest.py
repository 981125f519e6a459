"""Runs as rows alone, an operator, and a site that is public or not."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User, Workspace
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs.models import Run
from web import switches


@pytest.fixture(autouse=True)
def _fresh_switches() -> Iterator[None]:
    switches.forget()
    yield
    switches.forget()


@pytest.fixture
def operator(db: None) -> User:
    given = {"is_staff": True, "is_superuser": True}
    return User.objects.create_user("olga@example.org", "correct horse battery", **given)


@pytest.fixture
def operator_client(operator: User) -> Client:
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def public(settings: Any) -> None:
    settings.PUBLIC = True


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    given = {"name": "Tickets", "task": "text-classification", "created_by": alice}
    return Project.objects.create(workspace=workspace, **given)


@pytest.fixture
def a_run(project: Project, alice: User) -> Callable[..., Run]:
    """`a_run("failed", created_at=…)`: fields are written past auto_now_add."""

    def make(status: str = "succeeded", **fields: Any) -> Run:
        version = DatasetVersion.objects.get_or_create(
            project=project, number=1, defaults={"rows": 1, "size": 1, "path": "x", "sha256": "0"}
        )[0]
        run = Run.objects.create(
            project=project,
            version=version,
            number=Run.objects.filter(project=project).count() + 1,
            start_key=uuid.uuid4().hex,
            status=status,
            spec={"task": project.task, "base": "minilm-l6", "effort": "quick", "seed": 13},
            created_by=alice,
        )
        Run.objects.filter(pk=run.pk).update(**fields)
        run.refresh_from_db()
        return run

    return make

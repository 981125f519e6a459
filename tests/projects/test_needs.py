"""Before there is data, a project says what a file for its task has: for every task, with a row."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from accounts.models import User, Workspace
from projects.services import create_project
from training.tasks import TASKS


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("page", ["", "upload/"])
def test_every_way_to_give_the_data_is_shown_with_a_row(
    alice_client: Client, alice: User, workspace: Workspace, task: str, page: str
) -> None:
    project = create_project(workspace=workspace, user=alice, name="New", task=task)
    response = alice_client.get(f"/w/{workspace.slug}/p/{project.pk}/{page}")
    shown = unescape(response.content.decode())
    titles = {column.role: column.title for column in TASKS[task].columns}
    for variant in TASKS[task].variants:
        assert all(f">{titles[role]}</th>" in shown for role in variant.needs)
        assert all(f'<bdi lang="en">{cell}</bdi>' in shown for cell in variant.example)
        assert f'aria-label="{variant.title}"' in shown

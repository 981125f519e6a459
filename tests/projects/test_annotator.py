"""An annotator labels, and trains, changes and takes away nothing."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Member, Role, User, Workspace


def test_may_label_but_not_train(
    alice: User, bob: User, bob_client: Client, workspace: Workspace, make_everything: Any
) -> None:
    ids = make_everything(workspace, alice)
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.ANNOTATOR)

    def post(name: str, data: Any = None, **more: str) -> int:
        known = {key: ids[key] for key in ("slug", "project_id")}
        url = reverse(
            name, kwargs=known | {key: ids.get(key, value) for key, value in more.items()}
        )
        return bob_client.post(url, data or {}).status_code

    version, pool = {"version_id": ""}, {"pool_id": ""}
    assert post("row", {"kind": "drop"}, row="1", **version) == 200
    assert post("review", **version) == 200
    assert post("pool-next", **pool) == 200
    for name, of in (
        ("rows-commit", version),
        ("pool-commit", pool),
        ("pool-delete", pool),
        ("train", {}),
        ("upload", {}),
        ("project-delete", {}),
        ("version-draft", version),
        ("run-cancel", {"run_id": ""}),
    ):
        assert post(name, **of) == 403, name
    url = reverse("rows", kwargs={key: ids[key] for key in ("slug", "project_id", "version_id")})
    html = bob_client.get(url).content.decode()
    assert "data-can-edit" in html
    assert "Make a new version" not in html
    assert "wait for an editor" in html

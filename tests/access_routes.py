"""What every address answers to each of five people: the table that the sweep walks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

ACTORS = ("owner", "member", "viewer", "stranger", "nobody")
LOGIN = 302  # nobody is sent to sign in, on pages
UNKNOWN = 401  # … and told to, in the API
Statuses = tuple[int, int, int, int, int]
Data = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Route:
    """`expected`: method -> statuses in the order of ACTORS. `data` makes the body of a request that succeeds."""

    expected: dict[str, Statuses]
    data: Data = lambda ids: {}
    json: bool = False
    public: bool = False  # everybody may see it; nothing of a workspace is on it
    query: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # values of parameters that are no ids
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"  # the content type of what is no form


def everybody(get: int = 200, **more: Any) -> Route:
    return Route({"get": (get,) * 5}, public=True, **more)


def page(get: int = 200, post: int = 0, viewer: int = 0, **more: Any) -> Route:
    """A page that members see, and what posting to it gives those who may edit."""
    expected: dict[str, Statuses] = {"get": (get, get, viewer or get, 404, LOGIN)}
    if post:
        expected["post"] = (post, post, 403, 404, LOGIN)
    return Route(expected, **more)


def action(post: int, member: int = 0, viewer: int = 403, **more: Any) -> Route:
    """Something that is only posted to."""
    return Route({"post": (post, member or post, viewer, 404, LOGIN)}, **more)


def api(get: int = 200, viewer: int = 0, **more: Any) -> Route:
    return Route({"get": (get, get, viewer or get, 404, UNKNOWN)}, json=True, **more)


def api_action(post: int, get: int = 0, viewer: int = 403, **more: Any) -> Route:
    expected: dict[str, Statuses] = {"post": (post, post, viewer, 404, UNKNOWN)}
    if get:
        expected["get"] = (get, get, get, 404, UNKNOWN)
    return Route(expected, **({"json": True} | more))


def a_file(ids: dict[str, Any]) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("a.csv", b"text,label\na,b\nc,d\n")}


def a_mapping(ids: dict[str, Any]) -> dict[str, Any]:
    return {"column-text": "text", "column-label": "label"}


def an_import(ids: dict[str, Any]) -> dict[str, Any]:
    return {"train": str(ids["upload_id"]), "columns": {"text": "text", "label": "label"}}


def a_start(ids: dict[str, Any]) -> dict[str, Any]:
    version = str(ids["version_id"])
    choice = {"step": "review", "base": "minilm-l6", "effort": "quick", "start_key": "sweep"}
    choice |= {"confirmed": "yes"}
    return choice | {"version": version}


def a_run(ids: dict[str, Any]) -> dict[str, Any]:
    choice = {"base": "minilm-l6", "effort": "quick", "confirmed": True}
    return {"version": str(ids["version_id"]), **choice}


def a_pool(ids: dict[str, Any]) -> dict[str, Any]:
    return {"upload": str(ids["upload_id"]), "columns": {"text": "text"}}


def own(get: int = 0, post: int = 0, **more: Any) -> Route:
    """What is about whoever asks, in whatever workspace."""
    refused = UNKNOWN if more.get("json") else LOGIN
    asked = {"get": get, "post": post}
    return Route(
        {name: (status,) * 4 + (refused,) for name, status in asked.items() if status}, **more
    )


def owners(get: int = 0, post: int = 0, **more: Any) -> Route:
    """What members see nothing of."""
    refused = UNKNOWN if more.get("json") else LOGIN
    asked = {"get": get, "post": post}
    return Route(
        {name: (status, 403, 403, 404, refused) for name, status in asked.items() if status}, **more
    )


def an_invitation(ids: dict[str, Any]) -> dict[str, Any]:
    return {"role": "viewer", "days": "7", "uses": "1"}


def a_webhook(ids: dict[str, Any]) -> dict[str, Any]:
    return {"url": "https://canary.example.org/Canary", "topics": ["run"]}


def no_webhook(ids: dict[str, Any]) -> dict[str, Any]:
    """Refused: whether an address can be reached is not asked in this test."""
    return {"url": "http://canary.example.org/", "topics": ["run"], "workspace": ids["slug"]}


A_PLAN = {"plan": "starter", "interval": "month"}
STARTER = "?plan=starter&interval=month"
ROUTES: dict[str, Route] = {
    # --- the site ------------------------------------------------------------------------------------------------
    "home": Route({"get": (302, 302, 302, 302, 200)}, public=True),
    "healthz": everybody(),
    "set_language": Route({"post": (302,) * 5}, public=True, data=lambda ids: {"language": "en"}),
    "api-schema": everybody(),
    "api-docs": everybody(),
    # --- people --------------------------------------------------------------------------------------------------
    "operator": Route({"get": (404,) * 5, "post": (404,) * 5}, ids={"secret": "guess"}),
    "workspace-settings": page(),
    "workspace-members": page(),
    "workspace-usage": page(),
    "workspace-usage-file": page(),
    "workspace-usage-chart": page(ids={"meter": "training_seconds"}),
    "workspace-cap": action(302, member=403, data=lambda ids: {"cap": "10"}),
    "api-plans": own(200, json=True),
    "api-limits": api(),
    "api-usage": api(),
    "api-cap": Route(
        {"put": (200, 403, 403, 404, UNKNOWN)}, json=True, data=lambda ids: {"spending_cap": 100}
    ),
    # --- bills: for those who pay; a member is told who that is ---------------------------------------------------
    "workspace-billing": owners(200),
    "billing-change": owners(200, post=302, query=STARTER, data=lambda ids: A_PLAN),
    "billing-cancel": owners(post=409),  # nothing is paid for
    "billing-undo": owners(post=409),
    "billing-coupon": owners(post=302, data=lambda ids: {"code": "CANARY"}),
    "billing-details": owners(post=302, data=lambda ids: {"name": "Canary", "country": "DE"}),
    "billing-card": owners(post=302),
    "invoices-csv": owners(200),
    "invoice": owners(200),
    "invoice-pdf": owners(200),
    "invoice-pay": owners(post=302),
    # Stripe signs what it sends; without its secret in the settings there is no such address.
    "stripe-events": Route({"post": (404,) * 5}, public=True),
    "api-subscription": Route(
        {"get": (200, 403, 403, 404, UNKNOWN), "patch": (200, 403, 403, 404, UNKNOWN)},
        json=True,
        data=lambda ids: A_PLAN,
    ),
    "api-invoices": owners(200, json=True),
    "api-invoice": owners(200, json=True),
    "api-invoice-pdf": owners(200, json=True),
    "workspace-tokens": owners(200),
    "workspace-audit": owners(200),
    "workspace-signin": owners(200, post=302, data=lambda ids: {"needs_two_factors": "on"}),
    "domain-claim": action(
        302, member=403, data=lambda ids: {"domain": "canary.org", "role": "viewer"}
    ),
    "domain-release": action(302, member=403),
    "session-end": Route({"post": (404, 404, 404, 404, LOGIN)}, ids={"session_id": "1000000"}),
    "workspace-audit-export": owners(200),
    "workspace-new": own(200, post=302, data=lambda ids: {"name": "Another"}),
    "invitation": Route({"get": (410,) * 5, "post": (410,) * 5}, ids={"secret": "guess"}),
    "member-invite": action(201, member=403, data=an_invitation),
    "invitation-revoke": action(302, member=403),
    "workspace-member": owners(200, post=302, data=lambda ids: {"role": "viewer"}),
    "member-remove": action(302, member=403),
    "workspace-hand-over": action(302, member=403, data=lambda ids: {"name": "not its name"}),
    # The owner cannot: he is the last.
    "workspace-leave": action(302, viewer=302),
    "workspace-delete": action(302, member=403, data=lambda ids: {"name": "not its name"}),
    "workspace-rename": action(302, member=403, data=lambda ids: {"name": "Renamed"}),
    "token-create": action(201, member=403, data=lambda ids: {"name": "CI", "days": "30"}),
    "token-revoke": action(302, member=403),
    # --- notifications -------------------------------------------------------------------------------------------
    "notices": own(200),
    "notices-new": own(200),
    "notices-read": own(post=302),
    "notices-settings": own(200, post=422, data=lambda ids: {"language": "nonsense"}),
    "notices-off": Route({"get": (404,) * 5, "post": (404,) * 5}, ids={"token": "guess"}),
    "notice-open": Route({"post": (302, 404, 404, 404, LOGIN)}),
    "webhooks": owners(200, post=422, data=no_webhook),
    "webhook": owners(200, post=302, data=a_webhook),
    "webhook-log": owners(200),
    "webhook-test": owners(post=302),
    "webhook-again": owners(post=302),
    "webhook-switch": owners(post=302),
    "webhook-secret": owners(post=302),
    "webhook-delete": owners(post=302),
    # --- base models: for operators, of whom none is among the five -----------------------------------------------
    "bases": Route({"get": (404, 404, 404, 404, LOGIN)}),
    "bases-status": Route({"get": (404, 404, 404, 404, LOGIN)}),
    "base-install": Route({"post": (404, 404, 404, 404, LOGIN)}, ids={"base": "bge-small-zh-v1.5"}),
    "base-verify": Route({"post": (404, 404, 404, 404, LOGIN)}, ids={"base": "minilm-l6"}),
    # --- projects ------------------------------------------------------------------------------------------------
    "workspace": page(),
    "project-create": page(
        post=302, viewer=403, data=lambda ids: {"name": "New", "task": "text-classification"}
    ),
    "project": page(),
    "project-delete": action(302, data=lambda ids: {"name": "no, the name is another"}),
    "project-people": owners(200, post=302, data=lambda ids: {"who": "chosen"}),
    "project-invite": action(201, member=403, data=an_invitation),
    # --- data ----------------------------------------------------------------------------------------------------
    "upload": page(post=302, viewer=403, data=a_file),
    "upload-preview": page(post=302, data=a_mapping),
    "sample-add": action(302, ids={"name": "support-tickets"}),
    "import": page(),
    "import-status": page(286),
    "version": page(),
    "version-export": page(viewer=403),
    "version-diff": page(),
    "rows": page(),
    "row": page(post=200, data=lambda ids: {"kind": "drop"}, ids={"row": "1"}),
    "row-add": page(
        post=302, viewer=403, data=lambda ids: {"text": "new", "label": "Canary", "split": "train"}
    ),
    "row-remove": action(302),
    "rows-commit": action(302),
    "review": page(post=200),
    "agreement": page(),
    "version-health": page(),
    "version-health-status": page(286),
    "version-health-chart": page(ids={"name": "labels"}),
    "version-health-examine": action(302),
    "version-health-ignore": action(302, data=lambda ids: {"finding": "label.few"}),
    "version-health-mend": Route(
        {"get": (200, 200, 403, 404, LOGIN), "post": (302, 302, 403, 404, LOGIN)},
        data=lambda ids: {"mend": "label.few/drop"},
        query="?mend=label.few/drop",
    ),
    "version-restore": action(302),
    # --- unlabelled texts ----------------------------------------------------------------------------------------
    "pools": page(),
    "pool-new": page(post=302, data=lambda ids: {"column-text": "text"}),
    "pool": page(),
    "pool-status": page(286),
    "pool-next": action(200),
    "pool-suggest": action(302, data=lambda ids: {"run": str(ids["run_id"])}),
    "pool-resume": action(302),
    "pool-commit": action(302),
    "pool-delete": action(302),
    # --- runs ----------------------------------------------------------------------------------------------------
    "train": page(post=302, viewer=403, data=a_start),
    # There is nothing to preview of a model that does not write.
    "train-preview": Route({"get": (404, 404, 403, 404, LOGIN)}),
    "run": page(),
    "run-status": page(),
    "run-series": page(),
    "run-log": page(viewer=403),
    "run-chart": page(ids={"chart": "confusion"}),
    "run-cell": page(query="?true=other&predicted=other"),
    "run-mistakes": page(),
    "run-predictions": page(viewer=403),
    "run-metrics": page(viewer=403),
    "run-artifact": page(viewer=403),
    "run-cancel": action(302),
    "run-pause": action(302),
    "run-resume": action(409),
    "run-repeat": action(302, data=lambda ids: {"start_key": "same"}),
    "run-extend": action(409, data=lambda ids: {"epochs": "2"}),
    "run-fine-tune": action(302),
    "version-draft": action(302),
    # No serving process runs in this test; a viewer may try what he may see.
    "run-try": action(503, viewer=503, data=lambda ids: {"text": "hello"}),
    # --- API -----------------------------------------------------------------------------------------------------
    "api-notices": own(200, json=True),
    "api-notices-read": own(post=200, json=True),
    "api-webhooks": Route(
        {"get": (200, 200, 200, 200, UNKNOWN), "post": (422, 403, 403, 404, UNKNOWN)},
        data=no_webhook,
        json=True,
    ),
    "api-webhook": Route(
        {
            "get": (200, 403, 403, 404, UNKNOWN),
            "patch": (200, 403, 403, 404, UNKNOWN),
            "delete": (204, 403, 403, 404, UNKNOWN),
        },
        data=lambda ids: {"active": False},
        json=True,
    ),
    "api-webhook-test": owners(post=202, json=True),
    "api-webhook-deliveries": owners(200, json=True),
    "api-workspaces": own(200, json=True),
    "api-members": api(),
    # Of the viewer himself: the owner may, and with a token too, since a viewer makes no tokens.
    "api-member": Route(
        {"patch": (200, 403, 403, 404, UNKNOWN), "delete": (204, 403, 403, 404, UNKNOWN)},
        data=lambda ids: {"role": "annotator"},
        json=True,
    ),
    "api-invitations": owners(200, post=201, json=True, data=lambda ids: {"role": "viewer"}),
    "api-invitation": Route({"delete": (204, 403, 403, 404, UNKNOWN)}, json=True),
    "api-audit": owners(200, json=True),
    "api-projects": Route(
        {"get": (200, 200, 200, 200, UNKNOWN), "post": (201, 201, 403, 404, UNKNOWN)},
        data=lambda ids: {"name": "New", "workspace": ids["slug"]},
        json=True,
    ),
    "api-project": Route(
        {
            "get": (200, 200, 200, 404, UNKNOWN),
            "patch": (200, 200, 403, 404, UNKNOWN),
            "delete": (204, 204, 403, 404, UNKNOWN),
        },
        data=lambda ids: {"name": "Renamed"},
        json=True,
    ),
    "api-uploads": api_action(201, get=200, json=False, data=a_file),
    "api-upload": api(),
    "api-tus": api_action(201, headers={"Tus-Resumable": "1.0.0", "Upload-Length": "9"}),
    "api-tus-upload": Route(
        {"patch": (204, 204, 403, 404, UNKNOWN), "delete": (204, 204, 403, 404, UNKNOWN)},
        data=lambda ids: b"",  # a piece without bytes: the file on the disk is not taken back
        json=True,
        kind="application/offset+octet-stream",
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
    ),
    "api-imports": api_action(202, get=200, data=an_import),
    "api-import": api(),
    "api-versions": api(),
    "api-version": api(),
    "api-version-rows": api(),
    "api-version-export": api(viewer=403),
    "api-version-diff": api(),
    "api-edits": api_action(201, get=200, data=lambda ids: {"row": 0, "kind": "drop"}),
    "api-edits-commit": api_action(202),
    "api-edit": Route({"delete": (204, 204, 403, 404, UNKNOWN)}, json=True),
    "api-version-health": api(),
    "api-version-health-ignore": api_action(200, data=lambda ids: {"finding": "label.few"}),
    "api-version-revisions": api_action(202, data=lambda ids: {"changes": [], "note": "again"}),
    "api-pools": api_action(202, get=200, data=a_pool),
    "api-pool": Route(
        {"get": (200, 200, 200, 404, UNKNOWN), "delete": (204, 204, 403, 404, UNKNOWN)}, json=True
    ),
    "api-pool-next": api_action(200),
    "api-pool-answers": api_action(201, data=lambda ids: {"row": 0, "kind": "skip"}),
    # Nobody has answered yet but Alice.
    "api-pool-answer": Route(
        {"delete": (204, 422, 403, 404, UNKNOWN)}, json=True, ids={"number": "1"}
    ),
    "api-pool-suggest": api_action(202, data=lambda ids: {"run": str(ids["run_id"])}),
    "api-pool-commit": api_action(202),
    "api-estimate": api_action(200, viewer=200, data=a_run),
    "api-runs": api_action(202, get=200, data=a_run),
    "api-run": api(),
    "api-run-events": api(),
    "api-run-report": api(),
    "api-run-artifact": api(viewer=403),
    "api-run-cancel": api_action(202),
    "api-run-pause": api_action(202),
    "api-run-resume": api_action(409),
    "api-run-repeat": api_action(202, headers={"Idempotency-Key": "same"}),
    "api-run-extend": api_action(409, data=lambda ids: {"epochs": 2}),
    "api-run-agreement": api(404),
    "api-run-predict": api_action(503, viewer=503, data=lambda ids: {"inputs": [{"text": "a"}]}),
}

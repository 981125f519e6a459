"""One of everything that a workspace can have, files included, for the sweep over all addresses."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
from django.utils import timezone
from pyarrow import parquet

from accounts.models import Invitation, MailDomain, User, Workspace
from accounts.services import create_token
from billing.invoices import issuing
from billing.invoices.drafts import Draft, Line, Tax
from billing.invoices.models import Coupon, Invoice, InvoiceLine
from notify.models import Delivery, News, Notice, Webhook
from projects.datasets.models import (
    DatasetVersion,
    HealthReport,
    Import,
    PartialUpload,
    RowEdit,
    Upload,
)
from projects.models import Project
from projects.pools.models import Pool, PoolRow, Round
from projects.runs.models import Artifact, Run, Status
from training import scoring
from training.spec import Spec
from training.version import Stored, write_flags
from training.version import write as write_version

FOLDERS = ("uploads", "versions", "runs", "bases", "mail", "tmp")


def make_everything(home: Path, workspace: Workspace, user: User) -> dict[str, Any]:
    """Its names hold “Canary”. The result is keyed by the names of the URLs' parameters."""
    project = Project.objects.create(
        workspace=workspace, name="Canary", task="text-classification", created_by=user
    )
    upload = _upload(project, home)
    checked = Import.objects.create(
        project=project,
        train=upload,
        columns={"text": "text", "label": "label"},
        status=Import.Status.BLOCKED,
    )
    found = _version(project, home)
    run = _run(found)
    artifact = _artifact(run, home)
    token, _text = create_token(workspace=workspace, user=user, name="Canary")
    invited = Invitation.objects.create(
        workspace=workspace,
        email="canary@example.org",
        digest=uuid4().hex,
        created_by=user,
        expires_at=timezone.now() + timedelta(days=1),
    )
    claimed = MailDomain.objects.create(workspace=workspace, domain=f"canary-{uuid4().hex[:8]}.org")
    return {
        "slug": workspace.slug,
        "domain_id": claimed.pk,
        "member_id": workspace.memberships.latest("pk").pk,
        "invitation_id": invited.pk,
        "project_id": project.pk,
        "upload_id": upload.pk,
        "partial_id": _partial(project, home).pk,
        "import_id": checked.pk,
        "version_id": found.pk,
        "other_id": found.pk,
        "edit_id": _added(found, user).pk,
        "pool_id": _pool(run, user).pk,
        "run_id": run.pk,
        "artifact_id": artifact.pk,
        "token_id": token.pk,
        "invoice_id": _invoice(workspace).pk,
        **_told(workspace, user),
    }


def _invoice(workspace: Workspace) -> Invoice:
    """One that is open; and a coupon that can be entered."""
    Coupon.objects.get_or_create(code="CANARY", defaults={"percent": 10})
    line = Line(InvoiceLine.Kind.PLAN, 100, {"plan": "Canary", "interval": "month"})
    draft = Draft(Invoice.Kind.RENEWAL, "USD", (line,), Tax(Decimal(0)))
    due = timezone.now() + timedelta(days=14)
    key = {"key": f"canary:{workspace.pk}", "provider": "manual"}
    return issuing.issue(workspace, draft, **key, due_at=due, applied=True)


def _told(workspace: Workspace, user: User) -> dict[str, Any]:
    """A notification, and a webhook that has failed to hear of it."""
    values = {"number": 1, "project": "Canary"}
    news = News.objects.create(
        key=uuid4().hex,
        kind="run.failed",
        workspace=workspace,
        values=values,
        spread_at=timezone.now(),
    )
    notice = Notice.objects.create(news=news, user=user, at=timezone.now())
    url = "https://canary.example.org/Canary"
    hook = Webhook.objects.create(workspace=workspace, url=url, topics=["run"])
    given = {"state": "failed", "attempts": 6, "due_at": timezone.now()}
    delivery = Delivery.objects.create(news=news, webhook=hook, **given)
    return {"notice_id": notice.pk, "webhook_id": hook.pk, "delivery_id": delivery.pk}


TEXTS = [("good canary", "Canary"), ("bad one", "other")] * 8


def _upload(project: Project, home: Path) -> Upload:
    pk = uuid4()
    file = home / "uploads" / str(project.pk) / str(pk)
    file.parent.mkdir(parents=True)
    lines = [f"{text} {number},{label}" for number, (text, label) in enumerate(TEXTS)]
    file.write_text("text,label\n" + "\n".join(lines) + "\n")
    return Upload.objects.create(
        pk=pk,
        project=project,
        name="Canary.csv",
        path=f"{project.pk}/{pk}",
        size=file.stat().st_size,
        sha256="0" * 64,
    )


def _partial(project: Project, home: Path) -> PartialUpload:
    """Begun, with nothing of it there yet."""
    pk = uuid4()
    path = f"{project.pk}/{pk}.tus"
    (home / "uploads" / path).touch()
    return PartialUpload.objects.create(
        pk=pk,
        project=project,
        name="Canary.csv",
        path=path,
        size=100,
        location="/Canary/",
        expires_at=timezone.now() + timedelta(hours=1),
    )


def _version(project: Project, home: Path) -> DatasetVersion:
    pk = uuid4()
    splits = (["train"] * 6 + ["valid"] * 2) + ["train"] * 4 + ["test"] * 4
    rows = [
        Stored(number, "Canary.csv", number + 2, splits[number], {"text": text, "label": label})
        for number, (text, label) in enumerate(TEXTS)
    ]
    path = f"{project.pk}/{pk}.parquet"
    written = write_version(home / "versions" / path, rows, ["text", "label"])
    write_flags(home / "versions" / path, {"label.few": np.arange(16)})
    counts = {"train": 10, "valid": 2, "test": 4}
    few = {"code": "label.few", "severity": "red", "count": 2, "values": {}, "places": []}
    version = DatasetVersion.objects.create(
        pk=pk,
        project=project,
        number=1,
        name="Canary.csv",
        path=path,
        sha256=written["sha256"],
        size=written["size"],
        rows=len(rows),
        splits=counts,
        labels={label: {"train": 5, "valid": 1, "test": 2} for label in ("Canary", "other")},
        stats={"rows": len(rows), "mean_tokens": 4, "p95_tokens": 6},
        findings=[few],
    )
    HealthReport.objects.create(version=version, status=HealthReport.Status.READY, attempt=1)
    return version


def _added(version: DatasetVersion, user: User) -> RowEdit:
    values = {"text": "added canary", "label": "Canary", "split": "train"}
    return RowEdit.objects.create(version=version, user=user, kind="add", values=values)


def _pool(run: Run, user: User) -> Pool:
    """Read and suggested for; the second text was skipped by the user."""
    pool = Pool.objects.create(project=run.project, name="Canary.csv", status="ready", rows=2)
    asked = Round.objects.create(pool=pool, run=run, status="ready")
    shared = {"round": asked, "shares": [["Canary", 0.6], ["other", 0.4]], "order": 0.2}
    for number, state in enumerate(("open", "skipped")):
        said = {"user": user, "answered_at": timezone.now()} if number else {}
        values = {"text": f"new canary {number}"}
        PoolRow.objects.create(
            pool=pool, number=number, line=number + 2, values=values, state=state, **said, **shared
        )
    return pool


def _run(version: DatasetVersion) -> Run:
    now = timezone.now()
    return Run.objects.create(
        project=version.project,
        version=version,
        number=1,
        start_key=uuid4().hex,
        spec=Spec("text-classification", effort="quick").as_dict(),
        status=Status.SUCCEEDED,
        attempt=1,
        progress=1,
        report=_report(),
        train_seconds=1.0,
        total_seconds=2.0,
        started_at=now,
        heartbeat_at=now,
        ended_at=now,
    )


def _report() -> dict[str, Any]:
    labels = ["Canary", "other"]
    right = scoring.classification([0, 0, 1, 1], [0, 1, 1, 1], None, labels)
    always = scoring.classification([0, 0, 1, 1], [0, 0, 0, 0], None, labels)
    verdict = {"code": "gain", "points": 25.0, "baseline": "tfidf"}
    return {
        "event": "report",
        "task": "text-classification",
        "test_rows": 4,
        "metrics": right,
        "baselines": {"majority": always, "tfidf": always, "base": always},
        "seconds": {"train": 1.0, "total": 2.0},
        "details": {"labels": labels, "verdict": verdict},
    }


def _artifact(run: Run, home: Path) -> Artifact:
    folder = home / "runs" / str(run.pk) / "attempt-1"
    (folder / "artifact").mkdir(parents=True)
    (folder / "artifact.zip").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    rows = [
        {
            "row": number,
            "file": "Canary.csv",
            "line": number + 2,
            "text": "good canary",
            "label": "Canary",
            "predicted": "Canary" if number else "other",
            "probability": 0.9,
            "correct": bool(number),
            "probabilities": [0.9, 0.1],
        }
        for number in range(4)
    ]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")
    (folder / "report.json").write_text(json.dumps(run.report))
    return Artifact.objects.create(
        run=run,
        folder=f"{run.pk}/attempt-1/artifact",
        zip_path=f"{run.pk}/attempt-1/artifact.zip",
        size=22,
        sha256="0" * 64,
        verified={"rows": 4, "labels_equal": True, "max_difference": 0.0},
    )

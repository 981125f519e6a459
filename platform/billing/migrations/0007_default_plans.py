"""The plans that a new installation starts with, and what earlier ones have brought over.

Plans that somebody has, or that an operator has changed, keep their limits and are given every feature: nobody loses
what they had. Others become the versions below.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

GB = 1024**3
MB = 1024**2
MILLION = 1_000_000
EVERY = ["lora", "search", "several_gpus", "private_endpoints", "sso", "audit_export"]
# Money in US cents; of an overage, for a minute or a thousand.
PLANS: dict[str, dict[str, Any]] = {
    "free": {
        "name": "Free",
        "position": 10,
        "public": True,
        "description": "To try it out: a first model of your own.",
        "price_monthly": 0,
        "price_yearly": 0,
        "features": ["lora"],
        "max_projects": 3,
        "max_members": 3,
        "max_rows": 10_000,
        "max_dataset_bytes": 50 * MB,
        "max_storage_bytes": GB,
        "max_concurrent_runs": 1,
        "max_training_minutes": 120,
        "max_gpu_minutes": 30,
        "max_run_minutes": 60,
        "max_devices": 1,
        "max_base_parameters": 200 * MILLION,
        "max_predictions": 1_000,
        "max_tokens": 500_000,
        "max_endpoints": 1,
        "request_log_days": 1,
        "keep_models_days": 90,
        "share": 1,
    },
    "starter": {
        "name": "Starter",
        "position": 20,
        "public": True,
        "description": "For one person with a product that uses models.",
        "price_monthly": 2_900,
        "price_yearly": 29_000,
        "features": ["lora", "search"],
        "max_projects": 15,
        "max_members": 5,
        "max_rows": 100_000,
        "max_dataset_bytes": 500 * MB,
        "max_storage_bytes": 10 * GB,
        "max_concurrent_runs": 2,
        "max_training_minutes": 1_200,
        "max_gpu_minutes": 300,
        "max_run_minutes": 360,
        "max_devices": 1,
        "max_base_parameters": 1_000 * MILLION,
        "max_predictions": 50_000,
        "max_tokens": 20 * MILLION,
        "max_endpoints": 3,
        "request_log_days": 7,
        "keep_models_days": None,
        "share": 2,
        "price_minute": Decimal("2"),
        "price_gpu_minute": Decimal("8"),
        "price_predictions": Decimal("40"),
        "price_tokens": Decimal("0.2"),
    },
    "team": {
        "name": "Team",
        "position": 30,
        "public": True,
        "description": "For several people who label, train and compare together.",
        "price_monthly": 14_900,
        "price_yearly": 149_000,
        "features": ["lora", "search", "several_gpus", "private_endpoints", "audit_export"],
        "max_projects": 50,
        "max_members": 25,
        "max_rows": 1_000_000,
        "max_dataset_bytes": 2 * GB,
        "max_storage_bytes": 50 * GB,
        "max_concurrent_runs": 4,
        "max_training_minutes": 6_000,
        "max_gpu_minutes": 1_800,
        "max_run_minutes": 1_440,
        "max_devices": 4,
        "max_base_parameters": 8_000 * MILLION,
        "max_predictions": 500_000,
        "max_tokens": 200 * MILLION,
        "max_endpoints": 10,
        "request_log_days": 30,
        "keep_models_days": None,
        "share": 4,
        "price_minute": Decimal("1.5"),
        "price_gpu_minute": Decimal("6"),
        "price_predictions": Decimal("30"),
        "price_tokens": Decimal("0.15"),
    },
    "enterprise": {
        "name": "Enterprise",
        "position": 40,
        "public": True,
        "description": "With single sign-on, and limits that are agreed on.",
        "features": EVERY,
        "max_endpoints": None,
        "request_log_days": 365,
        "share": 8,
    },
    "internal": {
        "name": "Internal",
        "position": 0,
        "public": False,
        "description": "Everything, for an installation of one's own.",
        "features": EVERY,
        "share": 1,
    },
}
# As migration 0002 has made them: an operator has not touched them.
FIRST = {"free": (3, 10_000, GB, 1, 120), "team": (50, 1_000_000, 50 * GB, 4, 6_000)}
FIRST["internal"] = (None, None, None, None, None)
COLUMNS = (
    "max_projects",
    "max_rows",
    "max_storage_bytes",
    "max_concurrent_runs",
    "max_training_minutes",
)


def create_plans(apps: Any, schema_editor: Any) -> None:
    plan = apps.get_model("billing", "Plan")
    had = set(apps.get_model("billing", "Subscription").objects.values_list("plan", flat=True))
    for row in plan.objects.filter(family=""):
        _bring(plan, row, had)
    create_missing(apps)


def create_missing(apps: Any) -> None:
    plan = apps.get_model("billing", "Plan")
    for slug, terms in PLANS.items():
        default = slug == "internal" and not plan.objects.filter(is_default=True).exists()
        given = {"family": slug, "is_default": default, **terms}
        plan.objects.get_or_create(slug=slug, defaults=given)


def _bring(plan: Any, row: Any, had: set[str]) -> None:
    """One that was there before."""
    one = plan.objects.filter(pk=row.pk)
    if row.pk in had or tuple(getattr(row, name) for name in COLUMNS) != FIRST.get(row.pk):
        given: dict[str, Any] = {"features": EVERY, "max_gpu_minutes": row.max_training_minutes}
        given |= {"used_at": timezone.now() if row.pk in had else None}
        given |= {"position": PLANS.get(row.pk, {}).get("position", 100)}
        one.update(family=row.pk, version=1, **given)
    else:
        one.update(family=row.pk, version=1, **PLANS[row.pk])


def date_the_ledger(apps: Any, schema_editor: Any) -> None:
    """Each entry its month and its source, and each month its balance."""
    entry = apps.get_model("billing", "LedgerEntry")
    balance = apps.get_model("billing", "Balance")
    zone = timezone.get_default_timezone()
    rows = models.QuerySet(model=entry)
    for one in rows.filter(month=None).iterator():
        at = timezone.localtime(one.at, zone)
        month = date(at.year, at.month, 1)
        rows.filter(pk=one.pk).update(month=month, source=one.run_id)
        given = {"workspace_id": one.workspace_id, "meter": one.meter, "month": month}
        kept, _made = balance.objects.get_or_create(**given)
        kept.used_thousandths += int(one.amount * 1000)
        kept.save()


def carry_holds(apps: Any, schema_editor: Any) -> None:
    """Minutes that were kept become seconds, on the meter of this machine; the ledger tells of those that are open."""
    hold = apps.get_model("billing", "Hold")
    entry = apps.get_model("billing", "LedgerEntry")
    meter = "gpu_seconds" if settings.GPUS else "training_seconds"
    for one in hold.objects.iterator():
        hold.objects.filter(pk=one.pk).update(seconds=60 * one.minutes, meter=meter)
        if one.released_at is None and one.minutes:
            entry.objects.get_or_create(
                source=one.run_id,
                attempt=1,
                meter=meter,
                kind="hold",
                defaults={
                    "workspace_id": one.workspace_id,
                    "run_id": one.run_id,
                    "project_id": one.project_id,
                    "amount": 60 * one.minutes,
                    "at": one.made_at,
                    "month": one.made_at.date().replace(day=1),
                },
            )


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_plan_versions")]
    operations = [
        migrations.RunPython(create_plans, migrations.RunPython.noop),
        migrations.RunPython(date_the_ledger, migrations.RunPython.noop),
        migrations.RunPython(carry_holds, migrations.RunPython.noop),
    ]

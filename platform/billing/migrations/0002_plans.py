"""The plans that a new installation starts with. Operators change them in the admin."""

from typing import Any

from django.db import migrations

GB = 1024**3
# slug, name, default, projects, rows a dataset, storage, runs at the same time, training minutes a month
PLANS = (
    ("free", "Free", False, 3, 10_000, GB, 1, 120),
    ("team", "Team", False, 50, 1_000_000, 50 * GB, 4, 6_000),
    ("internal", "Internal", True, None, None, None, None, None),
)


def create_plans(apps: Any, schema_editor: Any) -> None:
    plan = apps.get_model("billing", "Plan")
    for slug, name, default, projects, rows, storage, runs, minutes in PLANS:
        plan.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "is_default": default,
                "max_projects": projects,
                "max_rows": rows,
                "max_storage_bytes": storage,
                "max_concurrent_runs": runs,
                "max_training_minutes": minutes,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(create_plans, migrations.RunPython.noop)]

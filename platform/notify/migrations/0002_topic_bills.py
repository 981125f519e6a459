"""Those who have chosen their mail before there were invoices get mail of them, as newcomers do."""

from typing import Any

from django.db import migrations

TOPIC = "bills"


def add_topic(apps: Any, schema_editor: Any) -> None:
    for choice in apps.get_model("notify", "Choice").objects.all():
        if TOPIC not in choice.topics:
            choice.topics = [*choice.topics, TOPIC]
            choice.save(update_fields=["topics"])


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_initial")]
    operations = [migrations.RunPython(add_topic, migrations.RunPython.noop)]

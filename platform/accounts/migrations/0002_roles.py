"""More roles than owner, member and viewer: a member is an editor now."""

import accounts.models
from django.db import migrations, models


def members_are_editors(apps, schema_editor):
    apps.get_model("accounts", "Member").objects.filter(role="member").update(role="editor")


def editors_are_members(apps, schema_editor):
    members = apps.get_model("accounts", "Member").objects
    members.filter(role="editor").update(role="member")
    members.filter(role="admin").update(role="member")
    members.filter(role__in=("annotator", "billing")).update(role="viewer")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="member",
            name="role",
            field=models.CharField(
                choices=accounts.models.Role.choices,
                default="editor",
                max_length=10,
                verbose_name="role",
            ),
        ),
        migrations.RunPython(members_are_editors, editors_are_members),
    ]

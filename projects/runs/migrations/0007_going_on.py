from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0006_pausing"),
    ]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="follows",
            field=models.CharField(
                blank=True,
                choices=[
                    ("repeat", "Repeats"),
                    ("extend", "Adds epochs to"),
                    ("resume", "Goes on from"),
                ],
                max_length=10,
            ),
        ),
    ]

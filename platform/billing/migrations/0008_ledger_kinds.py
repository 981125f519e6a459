from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_default_plans")]

    operations = [
        migrations.RemoveField(model_name="hold", name="minutes"),
        migrations.AlterField(
            model_name="ledgerentry", name="month", field=models.DateField(editable=False)
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                fields=("source", "attempt", "meter", "kind"), name="ledger_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(
                fields=("family", "version"), name="plan_version_once"
            ),
        ),
    ]

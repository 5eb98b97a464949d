"""Runs of whatever occasion know when it came. Of those there are it is their change's time."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce


def date_runs(apps, schema_editor):
    runs = apps.get_model("campaigns", "Run").objects
    transitions = apps.get_model("orders", "StatusTransition").objects
    of_change = Subquery(transitions.filter(pk=OuterRef("transition")).values("occurred_at"))
    runs.update(occurred_at=Coalesce(of_change, "entered_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_campaigns_by_their_name"),
        ("orders", "0007_ledger_by_when"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="occurred_at",
            field=models.DateTimeField(null=True, verbose_name="occurred at"),
        ),
        migrations.RunPython(date_runs, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="run",
            name="occurred_at",
            field=models.DateTimeField(verbose_name="occurred at"),
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Case, Count, F, Value, When


def count_what_was_decided(apps, schema_editor):
    """In one go for each version: the last decision of a run that ended is where it ended."""
    events, tallies = (apps.get_model("campaigns", name).objects for name in ("RunEvent", "StepTally"))
    state = Case(When(number=F("run__event_count"), then=F("run__state")), default=Value("waiting"))
    decided = events.annotate(state=state).order_by().values("run__version", "step", "outcome", "state")
    tallies.bulk_create(
        tallies.model(
            version_id=row["run__version"],
            step=row["step"],
            outcome=row["outcome"],
            state=row["state"],
            number=row["total"],
        )
        for row in decided.annotate(total=Count("pk"))
    )


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0020_orders_under_way"),
    ]

    operations = [
        migrations.CreateModel(
            name="StepTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.CharField(blank=True, max_length=64)),
                ("outcome", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Under way"),
                            ("finished", "Finished"),
                            ("stopped", "Stopped"),
                            ("declined", "Not let in"),
                            ("failed", "Failed"),
                        ],
                        max_length=8,
                    ),
                ),
                ("number", models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="steptally",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="campaigns.campaignversion"
            ),
        ),
        migrations.RunPython(count_what_was_decided, migrations.RunPython.noop),
    ]

from django.db import migrations, models

from workspace.indexes import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("analytics", "0006_totals_of_visits"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("is_step", True)),
                fields=["status", "entered_at"],
                include=(
                    *("customer", "order", "path_from", "path_left_at", "type", "source"),
                    *("again_at", "total_minor", "currency", "is_test"),
                ),
                name="analytics_steps_reached",
            ),
        ),
    ]

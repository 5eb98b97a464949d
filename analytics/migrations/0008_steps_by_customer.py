from django.db import migrations, models

from workspace.indexes import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("analytics", "0007_steps_reached"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("is_step", True)),
                fields=["customer", "status", "entered_at"],
                include=(
                    *("order", "path_from", "path_left_at", "type"),
                    *("again_at", "total_minor", "currency", "is_test"),
                ),
                name="analytics_steps_by_customer",
            ),
        ),
    ]

"""The dates that stand in orders' own fields, kept beside them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_order_creation")]

    operations = [
        migrations.CreateModel(
            name="OrderDate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dates",
                        to="orders.order",
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("is_day", models.BooleanField()),
                ("told_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["name", "at", "id"], name="orders_date_comes")],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "name"), name="orders_date_once_per_name"),
                ],
            },
        ),
    ]

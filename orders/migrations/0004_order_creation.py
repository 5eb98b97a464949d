"""What an order's creation was, as campaigns go by it. Those there are were created before anybody listened: history."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models.functions import Coalesce

SILENT_BECAUSE = {
    "blank": True,
    "choices": [
        ("", "Starts campaigns"),
        ("history", "Told as history"),
        ("orders_off", "Orders was off"),
        ("merge", "Two statuses were merged"),
    ],
    "editable": False,
    "max_length": 16,
}


def place(apps, schema_editor):
    apps.get_model("orders", "Order").objects.update(placed_at=Coalesce("ordered_at", "created_at"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_unknown_codes")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="placed_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="placed at"),
        ),
        migrations.AddField(
            model_name="order",
            name="silent_because",
            field=models.CharField(default="history", **SILENT_BECAUSE),
        ),
        migrations.AlterField(
            model_name="order",
            name="silent_because",
            field=models.CharField(default="", **SILENT_BECAUSE),
        ),
        migrations.AddField(
            model_name="order",
            name="is_test",
            field=models.BooleanField(default=False, editable=False, verbose_name="told with a test key"),
        ),
        migrations.RunPython(place, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["placed_at", "id"], name="orders_by_when_placed"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["ordered_at", "id"], name="orders_by_when_ordered"),
        ),
    ]

from typing import Any

from django.db import migrations, models

from analytics.watching import unwatch, watch


def read_anew(apps: Any, _schema_editor: Any) -> None:
    """All orders, a set at a time, as they are read the first time."""
    apps.get_model("analytics", "Bookmark").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0005_when_history_was_reread"),
        ("orders", "0009_test_orders"),
    ]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="again_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="visit",
            name="currency",
            field=models.CharField(default="", max_length=3),
        ),
        migrations.AddField(
            model_name="visit",
            name="is_test",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="visit",
            name="total_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunPython(unwatch, migrations.RunPython.noop),
        migrations.RunPython(watch, migrations.RunPython.noop),
        migrations.RunPython(read_anew, migrations.RunPython.noop),
    ]

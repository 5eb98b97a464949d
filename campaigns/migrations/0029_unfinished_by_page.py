from django.db import migrations, models
from django.db.models.functions import Cast


def name_pages(apps, schema_editor):
    """Of rows from before nobody knows the page; each was the only one of its person and campaign."""
    apps.get_model("campaigns", "Unfinished").objects.update(page=Cast("pk", models.CharField()))


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0028_skipped_since_erased")]

    operations = [
        migrations.RemoveConstraint("unfinished", "campaigns_unfinished_one_of_each"),
        migrations.AddField("unfinished", "page", models.CharField(max_length=32, default=""), preserve_default=False),
        migrations.RunPython(name_pages, migrations.RunPython.noop),
        migrations.AddConstraint(
            "unfinished", models.UniqueConstraint(fields=["by", "page"], name="campaigns_unfinished_one_of_a_page")
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0030_messages_by_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="UntoldCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("done_up_to", models.BigIntegerField(default=0)),
                (
                    "activation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.activation",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]

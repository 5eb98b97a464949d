import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0018_webhooks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BackFill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("upto", models.BigIntegerField()),
                ("done_up_to", models.BigIntegerField(default=0)),
                ("entered", models.PositiveBigIntegerField(default=0, verbose_name="orders that entered")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("is_stopped", models.BooleanField(default=False, verbose_name="stopped")),
            ],
            options={
                "verbose_name": "back-fill",
                "verbose_name_plural": "back-fills",
            },
        ),
        migrations.AddField(
            model_name="backfill",
            name="activation",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="back_fill", to="campaigns.activation"
            ),
        ),
        migrations.AddField(
            model_name="backfill",
            name="stopped_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="backfill",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["id"], name="campaigns_back_fill_open"),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0022_campaign_archived"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["campaign", "entered_at"], name="campaigns_run_entered"),
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0023_run_entered_index"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="campaign",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("activate_campaign", "Can activate, pause and end campaigns"),
                    ("test_campaign", "Can send a campaign's text to a phone, as a test"),
                ],
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
            },
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0025_unfinished_drafts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="webhookcall",
            name="skip_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("campaign_ended", "the campaign ended"),
                    ("orders_were_off", "Orders was off when it was due"),
                    ("was_paused", "the campaign was paused when it was due"),
                    ("stopped", "the order was stopped on its way"),
                    ("entered_stop_status", "the order entered a status that stops the campaign"),
                    ("no_endpoint", "there is no such webhook endpoint"),
                    ("endpoint_off", "the webhook endpoint is off"),
                    ("test", "the endpoint is not told of test orders"),
                    ("too_late", "its time was over"),
                ],
                max_length=32,
                verbose_name="not called because",
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0019_back_fills"),
    ]

    operations = [
        migrations.AddField(
            model_name="activation",
            name="former",
            field=models.CharField(
                choices=[
                    ("finish", "They finish as they entered"),
                    ("move", "They go on by the new version"),
                    ("stop", "They stop"),
                ],
                default="finish",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="drop_due_before",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="held_at",
            field=models.DateTimeField(null=True, verbose_name="held since"),
        ),
        migrations.AlterField(
            model_name="message",
            name="skip_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("campaign_ended", "the campaign ended"),
                    ("orders_were_off", "Orders was off when it was due"),
                    ("was_paused", "the campaign was paused when it was due"),
                    ("stopped", "the order was stopped on its way"),
                    ("entered_stop_status", "the order entered a status that stops the campaign"),
                    ("status_changed", "the order has moved on"),
                    ("too_late", "its time was over"),
                    ("no_number", "no phone number"),
                    ("invalid_number", "the phone number cannot be read"),
                    ("not_mobile", "the number is a fixed line"),
                    ("refused", "the customer refused messages"),
                    ("no_consent", "no consent"),
                    ("category_refused", "the customer refused this kind of message"),
                    ("capped", "the customer got enough messages"),
                    ("not_released", "a person stopped it at the hourly limit"),
                    ("text_failed", "the text could not be made"),
                ],
                max_length=32,
                verbose_name="not sent because",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["version", "step", "held_at"],
                name="campaigns_run_at_step",
            ),
        ),
    ]

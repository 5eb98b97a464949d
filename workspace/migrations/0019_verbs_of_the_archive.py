from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspace", "0018_verbs_of_orders_under_way"),
    ]

    operations = [
        migrations.AlterField(
            model_name="action",
            name="verb",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("changed", "Changed"),
                    ("deleted", "Deleted"),
                    ("written", "Wrote a batch"),
                    ("asked", "Asked for activation"),
                    ("withdrawn", "Took back the asking"),
                    ("activated", "Activated"),
                    ("deactivated", "Deactivated"),
                    ("paused", "Paused"),
                    ("resumed", "Resumed"),
                    ("ended", "Ended"),
                    ("archived", "Archived"),
                    ("brought_back", "Brought back"),
                    ("held", "Held"),
                    ("released", "Released"),
                    ("retried", "Tried again"),
                    ("stopped", "Stopped"),
                    ("issued", "Issued"),
                    ("revoked", "Revoked"),
                    ("tested", "Sent a test"),
                    ("settled", "Settled"),
                    ("exported", "Exported"),
                    ("signed_in", "Signed in"),
                    ("signed_out", "Signed out"),
                    ("signed_out_everywhere", "Signed out everywhere"),
                    ("sign_in_failed", "Sign-in failed"),
                    ("locked_out", "Locked out"),
                ],
                max_length=32,
                verbose_name="what",
            ),
        ),
    ]

"""Campaigns start with changes, with new orders, or by the clock."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0013_occasions")]

    operations = [
        migrations.AddField(
            model_name="activation",
            name="after_order",
            field=models.BigIntegerField(default=0, verbose_name="after order"),
        ),
        migrations.AddField(
            model_name="activation",
            name="until_order",
            field=models.BigIntegerField(null=True, verbose_name="until order"),
        ),
        migrations.AddField(
            model_name="activation",
            name="swept_to",
            field=models.DateTimeField(null=True, verbose_name="swept to"),
        ),
        migrations.AlterField(
            model_name="watch",
            name="type",
            field=models.CharField(
                choices=[
                    ("general", "General"),
                    ("delivery", "Delivery"),
                    ("payment", "Payment"),
                    ("created", "Order created"),
                ],
                max_length=8,
            ),
        ),
    ]

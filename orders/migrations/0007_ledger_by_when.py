"""Who came to a status so long ago is asked for every minute: the index of arrivals is in order of time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_dates_of_orders_there")]

    operations = [
        migrations.AddIndex(
            model_name="statustransition",
            index=models.Index(fields=["to_status", "occurred_at", "id"], name="orders_ledger_into_status_at"),
        ),
        migrations.RemoveIndex(model_name="statustransition", name="orders_ledger_into_status"),
    ]

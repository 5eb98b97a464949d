"""The dates of the orders that are there."""

from django.db import migrations
from django.utils import timezone

from orders.dates import dates_of

PAGE = 1000


def keep(apps, schema_editor):
    date = apps.get_model("orders", "OrderDate")
    orders = apps.get_model("orders", "Order").objects.exclude(delivery={}, custom={}).order_by("pk")
    now, last = timezone.now(), 0
    while page := list(orders.filter(pk__gt=last).values_list("pk", "delivery", "custom")[:PAGE]):
        date.objects.bulk_create(
            date(order_id=pk, name=name, at=found.at, is_day=found.is_day, told_at=now)
            for pk, delivery, custom in page
            for name, found in dates_of({"delivery": delivery, "custom": custom}).items()
        )
        last = page[-1][0]


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_order_dates")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

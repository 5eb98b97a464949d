from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0008_steps_by_customer"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="visit", name="analytics_steps_into"),
        migrations.RemoveIndex(model_name="visit", name="analytics_steps_of_customer"),
    ]

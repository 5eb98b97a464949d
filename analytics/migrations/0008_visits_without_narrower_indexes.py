from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0007_visits_by_index_alone"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="visit", name="analytics_steps_into"),
        migrations.RemoveIndex(model_name="visit", name="analytics_steps_of_customer"),
    ]

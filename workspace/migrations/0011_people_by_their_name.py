from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workspace", "0010_switch_orders_permission")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={"verbose_name": "person", "verbose_name_plural": "people"},
        ),
    ]

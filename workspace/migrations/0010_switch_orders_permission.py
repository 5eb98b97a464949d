from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workspace", "0009_user_manager")]

    operations = [
        migrations.AlterModelOptions(
            name="workspace",
            options={
                "permissions": [
                    ("pause_sending", "Can pause and resume all sending"),
                    ("switch_orders", "Can turn Orders on and off"),
                ],
                "verbose_name": "general settings",
                "verbose_name_plural": "general settings",
            },
        ),
    ]

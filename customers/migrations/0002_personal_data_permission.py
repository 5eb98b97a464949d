from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={
                "ordering": ["-id"],
                "permissions": [("view_personal_data", "Can see names, numbers, addresses and texts")],
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
            },
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workspace", "0008_country_is_checked")]

    operations = [migrations.AlterModelManagers(name="user", managers=[])]

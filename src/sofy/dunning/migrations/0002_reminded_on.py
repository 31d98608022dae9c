"""On which day reminders were last looked for."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("dunning", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(model_name="standing", name="reminded_on", field=models.DateField(null=True))
    ]

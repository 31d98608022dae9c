"""The blocks that the e-mail of a template was made of, kept with each version."""

from typing import ClassVar

from django.db import migrations

import sofy.kit.fields


class Migration(migrations.Migration):
    """Sealed, as everything a client writes; a mail that was written by hand has none."""

    dependencies: ClassVar = [("messaging", "0019_service_level")]

    operations: ClassVar = [
        migrations.AddField("templateversion", "design", sofy.kit.fields.SealedTextField(null=True)),
    ]

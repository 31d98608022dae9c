"""Who said anything about WhatsApp is a few among many: they are found without reading everybody's consent."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0015_opens")]

    operations: ClassVar = [
        migrations.RunSQL(
            "CREATE INDEX audience_consent_state_whatsapp ON audience_consent_state (client_id, identity_index)"
            " WHERE channel = 'whatsapp'",
            "DROP INDEX audience_consent_state_whatsapp",
        )
    ]

"""A client refuses changed terms on screen, and acknowledges what it was told: both are proofs."""

from typing import ClassVar

from django.db import migrations

RIGHTS = "INSERT, UPDATE (delivered_at, proof_kind, proof)"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contracts", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL(
            f"GRANT {RIGHTS} ON contracts_notice TO sofy_web", f"REVOKE {RIGHTS} ON contracts_notice FROM sofy_web"
        )
    ]

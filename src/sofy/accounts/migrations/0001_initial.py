"""Users, API keys, and the cache that counts failed log-ins for all processes together."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS

# The shape Django's database cache expects.
CACHE = """
CREATE TABLE accounts_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
"""


class Migration(migrations.Migration):
    """First tables of the room."""

    initial = True

    dependencies: ClassVar = [("kit", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="E-mail address")),
                ("sealed_name", models.BinaryField(default=b"")),
                ("language", models.CharField(blank=True, max_length=5, verbose_name="Language")),
                ("is_operator", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "accounts_user",
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=80, verbose_name="Name")),
                ("prefix", models.CharField(max_length=12)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("scopes", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "accounts_api_key",
                "ordering": ["-created_at"],
                "constraints": [models.UniqueConstraint(fields=("client_id", "id"), name="api_key_id_per_client")],
            },
        ),
        EnableClientRLS("accounts_api_key"),
        migrations.RunSQL(CACHE, "DROP TABLE accounts_cache"),
    ]

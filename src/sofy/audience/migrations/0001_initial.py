"""Contacts, identities, the consent ledger, suppression and imports."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls

TABLES = (
    "attribute",
    "book",
    "consent_event",
    "consent_state",
    "consent_text",
    "contact",
    "contact_attribute",
    "identity",
    "import",
    "import_row",
    "membership",
    "name_token",
    "saved_view",
    "suppression",
)

# The ledger only grows, whoever asks.
RIGHTS = """
REVOKE UPDATE, DELETE, TRUNCATE ON audience_consent_event FROM sofy_web, sofy_staff;
"""


class Migration(migrations.Migration):
    """First tables of the room."""

    initial = True

    dependencies: ClassVar = [("kit", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ConsentState",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "identity_index",
                        "channel",
                        "purpose",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("identity_index", sofy.kit.fields.IndexField()),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("sms", "SMS"),
                            ("email", "e-mail"),
                            ("whatsapp", "WhatsApp"),
                            ("rcs", "RCS"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("marketing", "marketing"), ("alert", "alert")],
                        max_length=9,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("granted", "granted"),
                            ("withdrawn", "withdrawn"),
                            ("opposed", "opposed"),
                            ("cleared", "cleared"),
                        ],
                        max_length=9,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("granted_at", models.DateTimeField(null=True)),
                ("cleared_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("opposed_at", models.DateTimeField(null=True)),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audience_consent_state",
            },
        ),
        migrations.CreateModel(
            name="ConsentText",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "hash",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hash", models.BinaryField()),
                ("text", models.TextField()),
                ("first_used_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "audience_consent_text",
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "import_id",
                        "row",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("import_id", models.UUIDField()),
                ("row", models.IntegerField()),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("created", "created"),
                            ("updated", "updated"),
                            ("rejected", "rejected"),
                        ],
                        max_length=8,
                    ),
                ),
                ("contact_id", models.UUIDField(null=True)),
                ("at", models.DateTimeField()),
                ("before", models.BinaryField(null=True)),
                ("problems", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "db_table": "audience_import_row",
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "book_id",
                        "contact_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("book_id", models.UUIDField()),
                ("contact_id", models.UUIDField()),
                ("added_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "audience_membership",
            },
        ),
        migrations.CreateModel(
            name="NameToken",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "token",
                        "contact_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("token", sofy.kit.fields.IndexField()),
                ("contact_id", models.UUIDField()),
            ],
            options={
                "db_table": "audience_name_token",
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=sofy.kernel.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("user_id", models.UUIDField(null=True)),
                ("columns", models.JSONField(default=list)),
                ("filter", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "audience_saved_view",
            },
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "channel",
                        "identity_index",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("sms", "SMS"),
                            ("email", "e-mail"),
                            ("whatsapp", "WhatsApp"),
                            ("rcs", "RCS"),
                        ],
                        max_length=8,
                    ),
                ),
                ("identity_index", sofy.kit.fields.IndexField()),
                ("reason", models.CharField(max_length=20)),
                ("source", models.CharField(blank=True, default="", max_length=120)),
                ("import_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "db_table": "audience_suppression",
            },
        ),
        migrations.CreateModel(
            name="Attribute",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=sofy.kernel.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("label", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("number", "number"),
                            ("date", "date"),
                            ("bool", "yes or no"),
                        ],
                        default="text",
                        max_length=8,
                    ),
                ),
                ("private", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "audience_attribute",
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "name"), name="attribute_name_per_client")
                ],
            },
        ),
        migrations.CreateModel(
            name="Book",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=sofy.kernel.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "audience_book",
                "constraints": [models.UniqueConstraint(fields=("client_id", "id"), name="book_id_per_client")],
            },
        ),
        migrations.CreateModel(
            name="ConsentEvent",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.UUIDField(default=sofy.kernel.ids.uuid7)),
                ("identity_index", sofy.kit.fields.IndexField()),
                ("contact_id", models.UUIDField(null=True)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("sms", "SMS"),
                            ("email", "e-mail"),
                            ("whatsapp", "WhatsApp"),
                            ("rcs", "RCS"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("marketing", "marketing"), ("alert", "alert")],
                        max_length=9,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("granted", "granted"),
                            ("withdrawn", "withdrawn"),
                            ("opposed", "opposed"),
                            ("cleared", "cleared"),
                        ],
                        max_length=9,
                    ),
                ),
                ("lifts", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("source", models.CharField(max_length=12)),
                ("detail", models.CharField(blank=True, default="", max_length=120)),
                ("import_id", models.UUIDField(null=True)),
                ("line", models.IntegerField(null=True)),
                ("text_hash", models.BinaryField(null=True)),
                ("evidence", models.BinaryField(null=True)),
                ("actor", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "db_table": "audience_consent_event",
                "indexes": [
                    models.Index(
                        fields=["client_id", "identity_index", "id"],
                        name="consent_event_identity",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.UUIDField(default=sofy.kernel.ids.uuid7)),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        choices=[("", ""), ("mrs", "Mme"), ("mr", "M.")],
                        default="",
                        max_length=4,
                    ),
                ),
                ("first_name", sofy.kit.fields.SealedTextField(null=True)),
                ("last_name", sofy.kit.fields.SealedTextField(null=True)),
                ("birth_date", models.DateField(null=True)),
                ("language", models.CharField(blank=True, default="", max_length=5)),
                ("street", sofy.kit.fields.SealedTextField(null=True)),
                ("postcode", models.CharField(blank=True, default="", max_length=12)),
                ("town", models.CharField(blank=True, default="", max_length=80)),
                ("town_key", models.CharField(blank=True, default="", max_length=80)),
                ("latitude", models.FloatField(null=True)),
                ("longitude", models.FloatField(null=True)),
                ("establishment_id", models.UUIDField(null=True)),
                ("zone", models.CharField(max_length=40, null=True)),
                (
                    "sms",
                    models.SmallIntegerField(
                        choices=[
                            (0, "no identity for this channel"),
                            (1, "only invalid identities"),
                            (2, "nothing was said"),
                            (3, "consent given"),
                            (4, "refused, opposed or suppressed"),
                        ],
                        default=0,
                    ),
                ),
                (
                    "email",
                    models.SmallIntegerField(
                        choices=[
                            (0, "no identity for this channel"),
                            (1, "only invalid identities"),
                            (2, "nothing was said"),
                            (3, "consent given"),
                            (4, "refused, opposed or suppressed"),
                        ],
                        default=0,
                    ),
                ),
                ("merged_into", models.UUIDField(null=True)),
                ("import_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("updated_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audience_contact",
                "indexes": [
                    models.Index(fields=["client_id", "postcode", "id"], name="contact_postcode"),
                    models.Index(fields=["client_id", "town_key", "id"], name="contact_town"),
                    models.Index(
                        condition=models.Q(("establishment_id__isnull", False)),
                        fields=["client_id", "establishment_id", "id"],
                        name="contact_establishment",
                    ),
                    models.Index(
                        condition=models.Q(("latitude__isnull", False)),
                        fields=["client_id", "latitude", "longitude"],
                        name="contact_position",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactAttribute",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "contact_id",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("contact_id", models.UUIDField()),
                ("name", models.CharField(max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("number", "number"),
                            ("date", "date"),
                            ("bool", "yes or no"),
                        ],
                        max_length=8,
                    ),
                ),
                ("text", models.CharField(max_length=250, null=True)),
                (
                    "number",
                    models.DecimalField(decimal_places=6, max_digits=20, null=True),
                ),
                ("date", models.DateField(null=True)),
                ("bool", models.BooleanField(null=True)),
                ("sealed", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "audience_contact_attribute",
                "indexes": [
                    models.Index(
                        condition=models.Q(("text__isnull", False)),
                        fields=["client_id", "name", "text", "contact_id"],
                        name="attribute_text",
                    ),
                    models.Index(
                        condition=models.Q(("number__isnull", False)),
                        fields=["client_id", "name", "number", "contact_id"],
                        name="attribute_number",
                    ),
                    models.Index(
                        condition=models.Q(("date__isnull", False)),
                        fields=["client_id", "name", "date", "contact_id"],
                        name="attribute_date",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.UUIDField(default=sofy.kernel.ids.uuid7)),
                ("contact_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("phone", "phone"),
                            ("email", "e-mail"),
                            ("whatsapp", "WhatsApp id"),
                            ("rcs", "RCS id"),
                        ],
                        max_length=8,
                    ),
                ),
                ("value", sofy.kit.fields.SealedTextField()),
                ("index", sofy.kit.fields.IndexField()),
                ("valid", models.BooleanField(default=True)),
                ("mobile", models.BooleanField(default=False)),
                ("position", models.SmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audience_identity",
                "indexes": [models.Index(fields=["client_id", "contact_id"], name="identity_contact")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("client_id", "kind", "index"),
                        name="identity_once_per_client",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "client_id",
                    models.UUIDField(default=sofy.kit.rls.current_client, editable=False),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=sofy.kernel.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("book_id", models.UUIDField(null=True)),
                ("kind", models.CharField(default="contacts", max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("undone", "undone"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("file_name", sofy.kit.fields.SealedTextField(null=True)),
                ("file_format", models.CharField(max_length=4)),
                ("encoding", models.CharField(blank=True, default="", max_length=20)),
                ("delimiter", models.CharField(blank=True, default="", max_length=1)),
                ("upload", models.CharField(blank=True, default="", max_length=80)),
                ("mapping", models.JSONField(default=list)),
                (
                    "legal_basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "none given"),
                            ("consent", "consent"),
                            ("customer", "existing customer, similar products"),
                            ("contract", "contract"),
                            ("interest", "legitimate interest"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("source", models.CharField(blank=True, default="", max_length=120)),
                ("text_hash", models.BinaryField(null=True)),
                ("actor", models.CharField(blank=True, default="", max_length=64)),
                ("total", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("imported", models.IntegerField(default=0)),
                ("updated", models.IntegerField(default=0)),
                ("rejected", models.IntegerField(default=0)),
                ("warnings", models.JSONField(default=dict)),
                ("alarms", models.JSONField(default=dict)),
                ("error", models.CharField(blank=True, default="", max_length=40)),
                ("started_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audience_import",
                "constraints": [models.UniqueConstraint(fields=("client_id", "id"), name="import_id_per_client")],
            },
        ),
        *(sofy.kit.rls.EnableClientRLS(f"audience_{table}") for table in TABLES),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]

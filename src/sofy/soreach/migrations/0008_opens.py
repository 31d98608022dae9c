"""Openings of e-mails are counted: all together, or those of people who agreed to it."""

from typing import ClassVar

from django.db import migrations, models

from sofy.kit.rls import EnableClientRLS

# The address of an image arrives without a client: this function answers one exact code, nothing else.
RESOLVE = """
CREATE POLICY soreach_openimage_resolver ON soreach_openimage FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION soreach_resolve_image(wanted text)
RETURNS TABLE (client_id uuid, campaign_id uuid, variant text, contact_id uuid, identity_index bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.client_id, i.campaign_id, i.variant::text, i.contact_id, i.identity_index
      FROM soreach_openimage i WHERE i.code = wanted
$$;
REVOKE ALL ON FUNCTION soreach_resolve_image(text) FROM public;
GRANT EXECUTE ON FUNCTION soreach_resolve_image(text) TO sofy_web;
CREATE INDEX soreach_openimage_campaign ON soreach_openimage (client_id, campaign_id);
CREATE INDEX soreach_openimage_contact ON soreach_openimage (client_id, contact_id) WHERE contact_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    """Campaigns of before measure nothing: their e-mails left without an image."""

    dependencies: ClassVar = [("soreach", "0006_channels"), ("messaging", "0023_opens")]
    operations: ClassVar = [
        migrations.AddField("campaign", "opens", models.CharField(max_length=8, default="off")),
        migrations.AlterField(
            "campaign",
            "opens",
            models.CharField(
                max_length=8,
                choices=[
                    ("off", "Not at all"),
                    ("together", "All together: an approximate figure, nobody is told apart"),
                    ("each", "Each person who agreed to it, the others all together"),
                ],
                default="together",
            ),
        ),
        migrations.CreateModel(
            name="OpenImage",
            fields=[
                ("code", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("client_id", models.UUIDField()),
                ("campaign_id", models.UUIDField()),
                ("variant", models.CharField(max_length=1)),
                ("contact_id", models.UUIDField(null=True)),
                ("identity_index", models.BinaryField(null=True)),
            ],
            options={"db_table": "soreach_openimage"},
        ),
        migrations.CreateModel(
            name="OpenCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "campaign_id",
                        "variant",
                        "hour",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("campaign_id", models.UUIDField()),
                ("variant", models.CharField(max_length=1)),
                ("hour", models.DateTimeField()),
                ("fetched", models.PositiveIntegerField(default=0)),
                ("early", models.PositiveIntegerField(default=0)),
            ],
            options={"db_table": "soreach_opencount"},
        ),
        EnableClientRLS("soreach_openimage"),
        EnableClientRLS("soreach_opencount"),
        migrations.RunSQL(RESOLVE, "DROP FUNCTION soreach_resolve_image(text)"),
    ]

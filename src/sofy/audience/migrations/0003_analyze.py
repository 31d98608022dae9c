"""Statistics right after an import, without giving the web role the tables."""

from typing import ClassVar

from django.db import migrations

# A million rows that autovacuum has not looked at yet make the next segment plan for an empty table.
ANALYZE = """
CREATE FUNCTION audience_analyze() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ BEGIN
    ANALYZE audience_contact;
    ANALYZE audience_identity;
    ANALYZE audience_membership;
    ANALYZE audience_name_token;
    ANALYZE audience_contact_attribute;
    ANALYZE audience_consent_event;
    ANALYZE audience_consent_state;
END $$;
REVOKE ALL ON FUNCTION audience_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audience_analyze() TO sofy_web;
"""


class Migration(migrations.Migration):
    """Adds one function."""

    dependencies: ClassVar = [("audience", "0002_segments")]
    operations: ClassVar = [migrations.RunSQL(ANALYZE, "DROP FUNCTION audience_analyze()")]

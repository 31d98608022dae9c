"""Proofs of consent go five years after nobody has the address any more; who said no stays stopped for ever."""

from typing import ClassVar

from django.db import migrations, models

# The ledger only grows for whoever writes it. This function alone takes from it, and only what is past its time; it
# looks for itself whether anybody got the address since `left_at` was noted. A refusal stays as a keyed hash, at the
# gate and in what the ledger came to; a consent nobody can prove any more counts no longer, and leaves the gate too.
FORGET = """
CREATE POLICY audience_consent_event_read ON audience_consent_event FOR SELECT TO sofy_owner USING (true);
CREATE POLICY audience_consent_event_forget ON audience_consent_event FOR DELETE TO sofy_owner USING (true);
CREATE POLICY audience_consent_state_read ON audience_consent_state FOR SELECT TO sofy_owner USING (true);
CREATE POLICY audience_consent_state_forget ON audience_consent_state FOR DELETE TO sofy_owner USING (true);
CREATE POLICY audience_identity_read ON audience_identity FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION audience_forget_consent(p_client uuid, p_now timestamptz, p_most integer)
RETURNS TABLE (people bigint, events bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before CONSTANT timestamptz := p_now - interval '5 years';
    past bytea[];
BEGIN
    past := ARRAY(
        SELECT DISTINCT s.identity_index
          FROM audience_consent_state s
         WHERE s.client_id = p_client AND s.left_at < before
           AND NOT EXISTS (SELECT FROM audience_identity i WHERE i.client_id = p_client AND i.index = s.identity_index
                              AND i.kind IN ('phone', 'email', 'whatsapp', 'rcs') AND i.deleted_at IS NULL)
           AND NOT EXISTS (SELECT FROM audience_consent_event e WHERE e.client_id = p_client
                              AND e.identity_index = s.identity_index AND e.recorded_at >= before)
           AND (s.state IN ('granted', 'cleared')
                OR EXISTS (SELECT FROM audience_consent_event e
                            WHERE e.client_id = p_client AND e.identity_index = s.identity_index))
         LIMIT p_most);
    DELETE FROM gate_permission p USING audience_consent_state s
     WHERE p.client_id = p_client AND p.recipient_index = ANY (past)
       AND s.client_id = p_client AND s.identity_index = p.recipient_index
       AND s.channel = p.channel AND s.purpose = p.purpose
       AND (s.state = 'granted' AND p.state = 'granted' OR s.state = 'cleared' AND p.since <= s.cleared_at);
    DELETE FROM audience_consent_state s
     WHERE s.client_id = p_client AND s.identity_index = ANY (past) AND s.state IN ('granted', 'cleared');
    DELETE FROM audience_consent_event e WHERE e.client_id = p_client AND e.identity_index = ANY (past);
    GET DIAGNOSTICS events = ROW_COUNT;
    people := cardinality(past);
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION audience_forget_consent(uuid, timestamptz, integer) FROM public;
GRANT EXECUTE ON FUNCTION audience_forget_consent(uuid, timestamptz, integer) TO sofy_staff;
"""
REVERSE = """
DROP FUNCTION audience_forget_consent(uuid, timestamptz, integer);
DROP POLICY audience_consent_event_read ON audience_consent_event;
DROP POLICY audience_consent_event_forget ON audience_consent_event;
DROP POLICY audience_consent_state_read ON audience_consent_state;
DROP POLICY audience_consent_state_forget ON audience_consent_state;
DROP POLICY audience_identity_read ON audience_identity;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0010_choices")]

    operations: ClassVar = [
        migrations.AddField("consentstate", "left_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "consentstate",
            models.Index(
                condition=models.Q(("left_at__isnull", False)),
                fields=["client_id", "left_at"],
                name="consent_state_left",
            ),
        ),
        migrations.RunSQL(FORGET, REVERSE),
    ]

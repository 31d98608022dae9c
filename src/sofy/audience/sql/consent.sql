-- name: lock_people
-- Writers of one client's identities and consent take turns, so that what they read is still true when they write. A
-- lock of the transaction, not of rows: the rows do not exist yet. Imports hold it for one batch at a time.
SELECT pg_advisory_xact_lock(hashtextextended('audience people ' || %(client)s::text, 0))

-- name: known_permissions
-- What the gate knows about these people: a superset of the ledger, since the engine writes a STOP there first. Since when,
-- of refusals; and whether it has a consent that came at a moment.
SELECT p.recipient_index, p.channel, p.purpose, p.state, CASE WHEN p.state <> 'granted' THEN p.since END,
       (p.state = 'granted' AND p.since = %(since)s::timestamptz) IS TRUE
  FROM gate_permission p
 WHERE p.client_id = %(client)s AND p.recipient_index = ANY (%(indexes)s)

-- name: known_states
-- What the ledger came to for these people.
SELECT s.identity_index, s.channel, s.purpose, s.granted_at, s.cleared_at, s.withdrawn_at, s.opposed_at, s.lifted_at
  FROM audience_consent_state s
 WHERE s.client_id = %(client)s AND s.identity_index = ANY (%(indexes)s)

-- name: append_events
-- The ledger only grows: the web role has no right to change or delete its rows.
INSERT INTO audience_consent_event (client_id, id, identity_index, contact_id, channel, purpose, state, lifts, at,
                                    recorded_at, source, detail, import_id, line, text_hash, evidence, actor)
SELECT %(client)s, unnest(%(ids)s), unnest(%(indexes)s), unnest(%(contacts)s), %(channel)s, %(purpose)s,
       unnest(%(states)s), %(lifts)s, unnest(%(ats)s), %(now)s, %(source)s, %(detail)s, %(import)s, unnest(%(lines)s),
       %(text)s, unnest(%(evidences)s), %(actor)s

-- name: insert_states
-- States of people of whom nothing was known under the lock, so that no conflict has to be looked for.
INSERT INTO audience_consent_state (client_id, identity_index, channel, purpose, state, since,
                                    granted_at, cleared_at, withdrawn_at, opposed_at, lifted_at)
SELECT %(client)s, unnest(%(indexes)s), %(channel)s, %(purpose)s, unnest(%(states)s), unnest(%(sinces)s),
       unnest(%(granted)s), unnest(%(cleared)s), unnest(%(withdrawn)s), unnest(%(opposed)s), unnest(%(lifted)s)

-- name: replace_states
-- The new state was joined with the old one under the lock (rules.join), so it replaces it. The old one may be known to
-- the gate alone: a STOP whose event is still on its way.
INSERT INTO audience_consent_state AS s (client_id, identity_index, channel, purpose, state, since,
                                         granted_at, cleared_at, withdrawn_at, opposed_at, lifted_at)
SELECT %(client)s, n.identity_index, %(channel)s, %(purpose)s, n.state, n.since,
       n.granted_at, n.cleared_at, n.withdrawn_at, n.opposed_at, n.lifted_at
  FROM unnest(%(indexes)s, %(states)s, %(sinces)s, %(granted)s, %(cleared)s, %(withdrawn)s, %(opposed)s, %(lifted)s)
       AS n (identity_index, state, since, granted_at, cleared_at, withdrawn_at, opposed_at, lifted_at)
 ORDER BY n.identity_index
ON CONFLICT (client_id, identity_index, channel, purpose) DO UPDATE
   SET state = excluded.state, since = excluded.since, granted_at = excluded.granted_at,
       cleared_at = excluded.cleared_at, withdrawn_at = excluded.withdrawn_at, opposed_at = excluded.opposed_at,
       lifted_at = excluded.lifted_at

-- name: owners_of
-- Contacts that hold these identities now.
SELECT i.index, i.contact_id
  FROM audience_identity i
 WHERE i.client_id = %(client)s AND i.kind = ANY (%(kinds)s) AND i.index = ANY (%(indexes)s) AND i.deleted_at IS NULL

-- name: refresh_reach
-- Whether these contacts can be written to, from their identities, the state of consent, the client's own list and what
-- a list of the platform stops. Reach: 0 none, 1 invalid, 2 no consent, 3 reachable, 4 opted out; the best identity decides.
UPDATE audience_contact c
   SET sms = r.sms, email = r.email, updated_at = coalesce(%(now)s, c.updated_at)
  FROM (SELECT k.id,
               CASE WHEN bool_or(i.kind = 'phone' AND i.mobile AND i.valid AND p.client_id IS NULL AND u.client_id IS NULL
                                 AND s.state = 'granted') THEN 3
                    WHEN bool_or(i.kind = 'phone' AND i.mobile AND i.valid AND p.client_id IS NULL AND u.client_id IS NULL
                                 AND coalesce(s.state, 'cleared') = 'cleared') THEN 2
                    WHEN bool_or(i.kind = 'phone' AND i.mobile AND i.valid) THEN 4
                    WHEN bool_or(i.kind = 'phone') THEN 1
                    ELSE 0 END AS sms,
               CASE WHEN bool_or(i.kind = 'email' AND i.valid AND p.client_id IS NULL AND u.client_id IS NULL
                                 AND s.state = 'granted') THEN 3
                    WHEN bool_or(i.kind = 'email' AND i.valid AND p.client_id IS NULL AND u.client_id IS NULL
                                 AND coalesce(s.state, 'cleared') = 'cleared') THEN 2
                    WHEN bool_or(i.kind = 'email' AND i.valid) THEN 4
                    WHEN bool_or(i.kind = 'email') THEN 1
                    ELSE 0 END AS email
          FROM unnest(%(contacts)s) AS k (id)
          LEFT JOIN audience_identity i ON i.client_id = %(client)s AND i.contact_id = k.id AND i.deleted_at IS NULL
          LEFT JOIN audience_consent_state s
                 ON s.client_id = %(client)s AND s.identity_index = i.index AND s.purpose = 'marketing'
                AND s.channel = CASE i.kind WHEN 'phone' THEN 'sms' ELSE i.kind END
          LEFT JOIN audience_stopped p ON p.client_id = %(client)s AND p.identity_index = i.index
          LEFT JOIN LATERAL (
                SELECT u.client_id FROM audience_suppression u
                 WHERE u.client_id = %(client)s AND u.identity_index = i.index
                   AND u.channel = CASE i.kind WHEN 'phone' THEN 'sms' ELSE i.kind END
                OFFSET 0) u ON true  -- one probe each, however young the list is
         GROUP BY k.id) r
 WHERE c.client_id = %(client)s AND c.id = r.id

-- name: suppress
-- Put identities on the client's list; answers those that were not on it.
INSERT INTO audience_suppression (client_id, channel, identity_index, reason, source, created_at, actor)
SELECT %(client)s, %(channel)s, n.index, %(reason)s, %(source)s, %(now)s, %(actor)s
  FROM unnest(%(indexes)s) AS n (index)
ON CONFLICT DO NOTHING
RETURNING identity_index

-- name: stop_known
-- The same STOP delivered twice is one fact.
SELECT 1
  FROM audience_consent_event e
 WHERE e.client_id = %(client)s AND e.identity_index = %(index)s AND e.source = 'stop' AND e.at = %(at)s

-- name: events_known
-- Those of these events that the ledger has: a delivery that is repeated adds nothing.
SELECT e.id FROM audience_consent_event e WHERE e.client_id = %(client)s AND e.id = ANY (%(ids)s)

-- name: identities_after
-- A client's identities in the order they were made, those of removed contacts too: they may come back.
SELECT i.id, i.contact_id, i.kind, i.index, i.value, i.deleted_at IS NULL
  FROM audience_identity i
 WHERE i.client_id = %(client)s AND i.id > %(after)s
 ORDER BY i.id
 LIMIT %(limit)s

-- name: newest_identity
SELECT i.id FROM audience_identity i WHERE i.client_id = %(client)s ORDER BY i.id DESC LIMIT 1

-- name: stopped_among
SELECT p.identity_index FROM audience_stopped p WHERE p.client_id = %(client)s AND p.identity_index = ANY (%(indexes)s)

-- name: mark_stopped
INSERT INTO audience_stopped (client_id, identity_index, since)
SELECT %(client)s, n.index, %(now)s FROM unnest(%(indexes)s) AS n (index)
ON CONFLICT DO NOTHING

-- name: unmark_stopped
DELETE FROM audience_stopped p WHERE p.client_id = %(client)s AND p.identity_index = ANY (%(indexes)s)

-- name: forget_stopped
-- What is left of numbers nobody has any more. (EXCEPT, here and below: both sides are read once, also while the planner
-- knows nothing of a young table, where NOT EXISTS walked one side for each row of the other.)
DELETE FROM audience_stopped p
 WHERE p.client_id = %(client)s AND p.identity_index = ANY (ARRAY(
    SELECT identity_index FROM audience_stopped WHERE client_id = %(client)s
    EXCEPT
    SELECT index FROM audience_identity WHERE client_id = %(client)s AND kind IN ('phone', 'email')
 ))

-- name: note_returned
-- Addresses somebody has again: their proofs stay.
WITH back AS MATERIALIZED (
    SELECT identity_index FROM audience_consent_state WHERE client_id = %(client)s AND left_at IS NOT NULL
    INTERSECT
    SELECT index FROM audience_identity WHERE client_id = %(client)s
)
UPDATE audience_consent_state SET left_at = NULL
 WHERE client_id = %(client)s AND identity_index = ANY (ARRAY(SELECT identity_index FROM back)) AND left_at IS NOT NULL

-- name: note_left
-- Addresses nobody has any more: from now on their time runs.
WITH gone AS MATERIALIZED (
    SELECT identity_index FROM audience_consent_state WHERE client_id = %(client)s AND left_at IS NULL
    EXCEPT
    SELECT index FROM audience_identity WHERE client_id = %(client)s
    LIMIT %(noted)s
)
UPDATE audience_consent_state SET left_at = %(now)s
 WHERE client_id = %(client)s AND identity_index = ANY (ARRAY(SELECT identity_index FROM gone)) AND left_at IS NULL

-- name: forget_consent
-- The function of the tables' owner looks for itself at what is past its time.
SELECT people, events FROM audience_forget_consent(%(client)s, %(now)s, %(people)s)

-- name: came_back
-- The message that an address is judged by, if it still counts as failed: a later receipt may say that it arrived.
SELECT s.recipient_index, m.channel, s.final_at
  FROM engine_state s JOIN engine_message m ON m.client_id = %(client)s AND m.id = s.message_id
 WHERE s.client_id = %(client)s AND s.message_id = %(message)s AND s.status IN ('failed', 'expired')

-- name: mails_to
-- What became of the last mails to one address, the youngest first.
SELECT s.status, coalesce(s.supplier_code, ''), coalesce(s.submitted_at, s.final_at, s.accepted_at) AS at
  FROM engine_state s JOIN engine_message m ON m.client_id = %(client)s AND m.id = s.message_id
 WHERE s.client_id = %(client)s AND s.recipient_index = %(index)s AND m.channel = 'email'
 ORDER BY s.accepted_at DESC, s.message_id DESC
 LIMIT 100

-- name: put_back_since
-- The client put this address back after that message: what the message said is known and answered.
SELECT 1 FROM gate_permission p
 WHERE p.client_id = %(client)s AND p.recipient_index = %(index)s AND p.channel = %(channel)s AND p.purpose = 'all'
   AND p.state = 'granted' AND p.since >= %(at)s

-- name: unsuppress
-- Addresses that are on the list because mail came back; those that somebody put there stay.
DELETE FROM audience_suppression u
 WHERE u.client_id = %(client)s AND u.channel = %(channel)s AND u.identity_index = ANY (%(indexes)s)
   AND u.reason = ANY (%(reasons)s)
RETURNING u.identity_index

-- name: announce
-- To whom an answer from these numbers will belong, before anything is written to a socket: to whoever wrote last, as the
-- answer to that message. A message that is tried again leaves its row alone.
-- A row of another client is kept beside, in case the operator does not take the message or an answer to the other one is
-- on its way. Answers the messages that took such a row; none is named in two rows of one statement.
WITH put AS (
    INSERT INTO mo_lookup AS l (short_code, number_index, client_id, message_id, contact_id, campaign_id,
                                recipient_index, at)
    SELECT *, %(now)s FROM unnest(%(short_codes)s::text[], %(numbers)s::bytea[], %(clients)s::uuid[], %(messages)s::uuid[],
                                  %(contacts)s::uuid[], %(campaigns)s::uuid[], %(recipients)s::bytea[])
    ON CONFLICT (short_code, number_index) DO UPDATE
       SET displaced_by = CASE WHEN l.client_id = excluded.client_id THEN l.displaced_by ELSE excluded.message_id END,
           before_client_id = CASE WHEN l.client_id = excluded.client_id THEN l.before_client_id ELSE l.client_id END,
           before_message_id = CASE WHEN l.client_id = excluded.client_id THEN l.before_message_id ELSE l.message_id END,
           before_contact_id = CASE WHEN l.client_id = excluded.client_id THEN l.before_contact_id ELSE l.contact_id END,
           before_campaign_id = CASE WHEN l.client_id = excluded.client_id THEN l.before_campaign_id
                                     ELSE l.campaign_id END,
           before_recipient_index = CASE WHEN l.client_id = excluded.client_id THEN l.before_recipient_index
                                         ELSE l.recipient_index END,
           before_at = CASE WHEN l.client_id = excluded.client_id THEN l.before_at ELSE l.at END,
           client_id = excluded.client_id, message_id = excluded.message_id, contact_id = excluded.contact_id,
           campaign_id = excluded.campaign_id, recipient_index = excluded.recipient_index, at = excluded.at
     WHERE l.message_id <> excluded.message_id OR l.at < excluded.at - interval '1 hour'
    RETURNING message_id, displaced_by
)
SELECT message_id FROM put WHERE displaced_by = message_id

-- name: retract
-- The operator did not take a message: answers belong to whoever wrote before, unless somebody has written since.
UPDATE mo_lookup
   SET client_id = before_client_id, message_id = before_message_id, contact_id = before_contact_id,
       campaign_id = before_campaign_id, recipient_index = before_recipient_index, at = before_at,
       displaced_by = NULL, before_client_id = NULL, before_message_id = NULL, before_contact_id = NULL,
       before_campaign_id = NULL, before_recipient_index = NULL, before_at = NULL
 WHERE short_code = %(short_code)s AND number_index = %(number)s AND message_id = %(by)s AND displaced_by = %(by)s

-- name: who_wrote
-- Which client last wrote to this number from this short code, and which one before, for how long is in left_at.
SELECT client_id, message_id, contact_id, campaign_id, recipient_index, displaced_by,
       before_client_id, before_message_id, before_contact_id, before_campaign_id, before_recipient_index, at
  FROM mo_lookup
 WHERE short_code = %(short_code)s AND number_index = %(number)s

-- name: left_at
-- When the operator took a message, if the ledger says that it did. (A sub-select: the planner counts on an average
-- client, where it would take one of the last minute for empty, and walk it.)
SELECT submitted_at FROM engine_state WHERE client_id = (SELECT %(client)s::uuid) AND message_id = %(message)s

-- name: take_turns
-- Engines that hear the same person at once, one after the other; until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(%(turn)s, 0))

-- name: heard_before
-- What this person answered to the same message, on the same route, a short while ago.
SELECT id, payload FROM engine_inbound
 WHERE client_id = %(client)s AND at > %(since)s AND recipient_index = %(recipient)s AND route_id = %(route)s
   AND message_id = %(message)s

-- name: heard_named
-- Whether the channel's own name for it was heard.
SELECT 1 FROM engine_inbound WHERE client_id = %(client)s AND route_id = %(route)s AND supplier_id = %(supplier_id)s

-- name: writer_of
-- Whose message a complaint names, by the supplier's name for it. Of names used again, the last.
SELECT k.client_id, k.message_id, s.contact_id, s.campaign_id, s.recipient_index
  FROM receipt_key k JOIN engine_state s ON s.client_id = k.client_id AND s.message_id = k.message_id
 WHERE k.route_id = %(route)s AND k.supplier_id = %(supplier_id)s
 ORDER BY k.submitted_at DESC LIMIT 1

-- name: stands_opposed
-- Whether a STOP of this person is in force.
SELECT 1 FROM gate_permission
 WHERE client_id = %(client)s AND recipient_index = %(recipient)s AND channel = %(channel)s AND purpose = 'marketing'
   AND state = 'opposed'

-- name: write_inbound
-- What came in, sealed, and what there is to tell of it: to webhooks, and to the SMPP account whose message it answers.
-- What answers no message came to a number of the client alone: its eldest SMPP account hears of it, once.
WITH told AS (
    INSERT INTO engine_notice (client_id, endpoint_id, message_id, inbound_id, kind, at)
    SELECT %(client)s, e.id, %(message)s, %(id)s, 'inbound', %(now)s FROM gate_endpoint e
     WHERE e.client_id = %(client)s AND e.state <> 'off'
       AND CASE WHEN e.kind = 'webhook' THEN e.events = '{}' OR 'message.inbound' = ANY (e.events)
                WHEN %(message)s::uuid IS NULL
                THEN e.id = (SELECT id FROM gate_endpoint WHERE client_id = (SELECT %(client)s::uuid) AND kind = 'smpp'
                              AND state <> 'off' ORDER BY created_at, id LIMIT 1)
                ELSE e.id = (SELECT account_id FROM engine_state
                              WHERE client_id = (SELECT %(client)s::uuid) AND message_id = %(message)s) END
)
INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, contact_hint, message_id, payload, keyword, at,
                            channel, supplier_id, written_at)
VALUES (%(client)s, %(id)s, %(route)s, %(recipient)s, %(contact)s, %(message)s, %(payload)s, %(keyword)s, %(now)s,
        %(came_by)s, %(supplier_id)s, %(written_at)s)

-- name: write_event
-- One event outside the ledger's batches.
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
VALUES (%(client)s, %(message)s, %(contact)s, %(campaign)s, %(kind)s, %(now)s, %(detail)s::jsonb)

-- name: oppose
-- STOP: no marketing any more, whatever was granted before.
INSERT INTO gate_permission AS p (client_id, recipient_index, channel, purpose, state, since)
VALUES (%(client)s, %(recipient)s, %(channel)s, 'marketing', 'opposed', %(now)s)
ON CONFLICT (client_id, recipient_index, channel, purpose) DO UPDATE SET state = 'opposed', since = excluded.since

-- name: cancel_waiting
-- STOP: marketing that waits for this number goes with it. What an engine holds is stopped at hand-over. (IS TRUE
-- keeps the planner from walking everything the client has waiting: the rows are known by key.)
WITH mine AS MATERIALIZED (
    SELECT message_id FROM engine_state
     WHERE client_id = %(client)s AND recipient_index = %(recipient)s AND rank = 10
), gone AS (
    DELETE FROM engine_queue q USING mine
     WHERE q.client_id = %(client)s AND q.message_id = mine.message_id
       AND (q.lane = ANY(%(lanes)s)) IS TRUE
    RETURNING q.message_id, q.attempt
), fate AS (
    -- include: fate
), step AS (
    UPDATE engine_state s
       SET status = coalesce(fate.status, 'cancelled'), rank = coalesce(fate.rank, 90),
           reason = coalesce(fate.reason, 'stop'), article = CASE WHEN fate.status IS NULL THEN 'CGVU 17' END,
           final_at = CASE WHEN fate.rank = 30 THEN s.final_at ELSE %(now)s END, not_before = NULL, updated_at = %(now)s
      FROM fate
     WHERE s.client_id = %(client)s AND s.message_id = fate.message_id AND s.rank = 10
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, s.status AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at, s.reason, s.article
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, kind, %(now)s,
       jsonb_strip_nulls(jsonb_build_object('reason', reason, 'article', article)) FROM step

-- name: keep_part
-- A part of a long message whose other parts are still out; the same part again changes nothing but its seal.
INSERT INTO engine_inbound_part AS p (route_id, message_key, part, id, payload, at)
VALUES (%(route)s, %(key)s, %(part)s, %(id)s, %(payload)s, %(now)s)
ON CONFLICT (route_id, message_key, part) DO UPDATE SET id = excluded.id, payload = excluded.payload

-- name: kept_parts
-- Everything kept of one message.
SELECT id, payload FROM engine_inbound_part WHERE route_id = %(route)s AND message_key = %(key)s ORDER BY part

-- name: overdue_parts
-- Messages that have waited for their other parts long enough.
SELECT message_key, id, payload FROM engine_inbound_part
 WHERE route_id = %(route)s AND message_key = ANY (ARRAY(
           SELECT message_key FROM engine_inbound_part WHERE at < %(before)s AND route_id = %(route)s
            ORDER BY at LIMIT 100))
 ORDER BY message_key, part

-- name: forget_parts
-- The message is recorded.
DELETE FROM engine_inbound_part WHERE route_id = %(route)s AND message_key = %(key)s

-- name: answer_to_contact
-- From whom, and with which words, a client answers CONTACT.
SELECT m.sender, coalesce(g.contact_answer, '') FROM engine_message m LEFT JOIN gate_client g ON g.client_id = %(client)s
 WHERE m.client_id = %(client)s AND m.id = %(message)s

-- name: api_key
-- Who is behind a key, if it opens anything.
SELECT id, scopes, networks::text[], per_10s FROM gate_api_key
 WHERE client_id = %(client)s AND digest = %(digest)s AND revoked_at IS NULL

-- name: touch_api_keys
-- When keys were used last, to the minute.
UPDATE gate_api_key SET last_used_at = date_trunc('minute', %(now)s::timestamptz)
 WHERE client_id = %(client)s AND id = ANY(%(ids)s::uuid[])

-- name: senders_of
-- The names that messages of a client may show.
SELECT channel, name FROM gate_sender WHERE client_id = %(client)s ORDER BY channel, name

-- name: channels_of
-- The channels a client does without, those its auto takes, and whether it is suspended.
SELECT channels_off, ladder, state = 'suspended' FROM gate_client WHERE client_id = %(client)s

-- name: establishments_of
-- Points of sale of a client by their ids or codes.
SELECT id, code FROM gate_establishment WHERE client_id = %(client)s AND id = ANY(%(ids)s::uuid[])
 UNION
SELECT id, code FROM gate_establishment WHERE client_id = %(client)s AND code = ANY(%(codes)s::text[])

-- name: last_heard
-- What these people wrote last, within a day, whenever it came in; a STOP asks for no answer, and a wish told by a means of
-- the channel is no message.
WITH names AS (
    -- include: names
)
SELECT DISTINCT ON (names.recipient) names.recipient, i.id, i.written_at
  FROM names JOIN engine_inbound i ON i.client_id = %(client)s AND i.recipient_index = names.name
 WHERE i.at >= %(since)s AND i.written_at >= %(since)s AND i.keyword <> 'stop'
 ORDER BY names.recipient, i.written_at DESC

-- name: said_by
-- Which of these messages came from the person they are answered to.
WITH names AS (
    -- include: names
)
SELECT i.id FROM unnest(%(ids)s::uuid[], %(recipients)s::bytea[]) AS r (id, recipient)
  JOIN names ON names.recipient = r.recipient
  JOIN engine_inbound i ON i.client_id = %(client)s AND i.id = r.id AND i.recipient_index = names.name
 WHERE i.id = ANY (ARRAY(SELECT unnest(%(ids)s::uuid[])))

-- name: offers
-- Routes as a message is priced and planned by.
SELECT id, code, name, channel, short_code, purposes, encodings, price_eur, state, client_id FROM engine_route
 WHERE state <> 'draining' ORDER BY price_eur, code

-- name: take_names
-- Whether nobody else is answering a request of this name at this moment; until the end of the transaction.
SELECT name, pg_try_advisory_xact_lock(hashtextextended(encode(name, 'hex'), 0)) FROM unnest(%(names)s::bytea[]) AS name

-- name: keep_answers
-- What is answered to requests that carry a name, written with what they ask for. Answers the names that are new.
INSERT INTO engine_request (client_id, key_id, name, fingerprint, status, answer, at)
SELECT %(client)s, r.key_id, r.name, r.fingerprint, r.status, r.answer, %(now)s
  FROM unnest(%(keys)s::uuid[], %(names)s::bytea[], %(fingerprints)s::bytea[], %(statuses)s::smallint[],
              %(answers)s::text[]) AS r (key_id, name, fingerprint, status, answer)
 ORDER BY r.name
ON CONFLICT (client_id, name) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status, answer = excluded.answer, at = excluded.at
 WHERE engine_request.at < %(now)s - interval '24 hours'
RETURNING name

-- name: kept_answers
-- What was answered before.
SELECT name, fingerprint, status, answer FROM engine_request
 WHERE client_id = %(client)s AND name = ANY(%(names)s::bytea[]) AND at >= %(now)s - interval '24 hours'

-- name: forget_answers_given
-- A name is free again after a day.
DELETE FROM engine_request WHERE at < %(before)s

-- name: give_consents
-- Consents that came with messages. What somebody said against it stands, whoever brings the consent.
INSERT INTO gate_permission AS p (client_id, recipient_index, channel, purpose, state, since)
SELECT %(client)s, c.recipient_index, c.channel, 'marketing', 'granted', %(now)s
  FROM (SELECT DISTINCT * FROM unnest(%(recipients)s::bytea[], %(channels)s::text[])) AS c (recipient_index, channel)
 ORDER BY c.recipient_index, c.channel
ON CONFLICT (client_id, recipient_index, channel, purpose) DO NOTHING

-- name: stored
-- Whether a transaction whose answer was lost took place: its messages are there.
SELECT 1 FROM engine_state WHERE client_id = %(client)s AND message_id = %(message)s

-- name: messages
-- Messages of a client with where they stand. (LATERAL with a limit: one by one, by their keys; sub-selects: the planner
-- counts on an average client. One that is younger than the statistics would have all it sent compared with each.)
SELECT m.id, m.contact_id, m.head_id, m.channel, CASE WHEN m.answers IS NULL THEN m.purpose ELSE 'service' END, m.sender,
       m.payload, m.parts, m.encoding, m.unit_price_eur, m.reference, m.campaign_id, m.establishment_id, m.created_at, m.expires_at,
       s.status, s.reason, s.article, s.supplier_code, s.submitted_at, s.final_at, s.not_before, s.account_id IS NOT NULL
  FROM unnest(%(messages)s::uuid[]) AS asked (id)
 CROSS JOIN LATERAL (SELECT * FROM engine_message
                     WHERE client_id = (SELECT %(client)s::uuid) AND id = asked.id LIMIT 1) m
 CROSS JOIN LATERAL (SELECT * FROM engine_state
                     WHERE client_id = (SELECT %(client)s::uuid) AND message_id = asked.id LIMIT 1) s

-- name: steps_of_messages
-- What happened to them. Events of a contact are found by the contact, the others by the message. (LATERAL with a limit
-- nobody reaches: one by one, by their keys.)
SELECT asked.id, e.kind, e.at, e.submitted_at, e.detail
  FROM unnest(%(messages)s::uuid[], %(contacts)s::uuid[]) AS asked (id, contact_id)
 CROSS JOIN LATERAL (
       (SELECT kind, at, submitted_at, detail FROM engine_event
         WHERE client_id = %(client)s AND contact_id = asked.contact_id AND message_id = asked.id LIMIT 1000)
        UNION ALL
       (SELECT kind, at, submitted_at, detail FROM engine_event
         WHERE client_id = %(client)s AND contact_id IS NULL AND message_id = asked.id LIMIT 1000)
      ) AS e

-- name: messages_by_reference
-- The client's own word for a message, the newest first.
SELECT id FROM engine_message WHERE client_id = %(client)s AND reference = %(reference)s AND head_id IS NULL
 ORDER BY id DESC LIMIT %(n)s

-- name: cancel_message
-- The client takes a message back that waits in the queue. Answers it when that was so.
WITH gone AS (
    DELETE FROM engine_queue WHERE client_id = %(client)s AND message_id = %(message)s
       AND attempt < 25  -- what leaves a second time has left, or may have: see resend.sql and fate
    RETURNING message_id
), step AS (
    UPDATE engine_state s
       SET status = 'cancelled', rank = 90, reason = 'client_cancelled', article = 'DPA 6', final_at = %(now)s,
           not_before = NULL, updated_at = %(now)s
      FROM gone
     WHERE s.client_id = %(client)s AND s.message_id = gone.message_id AND s.rank = 10
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, 'cancelled' AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, 'cancelled', %(now)s, '{"reason": "client_cancelled", "article": "DPA 6"}' FROM step
RETURNING message_id

-- name: stand_of
-- Where messages of a client stand.
SELECT message_id, status FROM engine_state WHERE client_id = %(client)s AND message_id = ANY(%(messages)s::uuid[])

-- name: ask_back
-- Engines give up what they hold of these messages, and have not begun to hand over.
SELECT pg_notify(%(channel)s, told) FROM unnest(%(told)s::text[]) AS told

-- name: convert
-- The code of a message was used: once is enough. (kind || '': the index of news would walk all that a client's messages
-- came to; here a few steps of one message are looked at.)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
SELECT s.client_id, s.message_id, s.contact_id, s.campaign_id, 'converted', %(now)s FROM engine_state s
 WHERE s.client_id = %(client)s AND s.message_id = %(message)s
   AND NOT EXISTS (SELECT 1 FROM engine_event e
                    WHERE e.client_id = %(client)s AND e.contact_id = s.contact_id AND e.message_id = %(message)s
                      AND e.kind = 'converted')
   AND NOT EXISTS (SELECT 1 FROM engine_event e
                    WHERE e.client_id = %(client)s AND e.contact_id IS NULL AND e.message_id = %(message)s
                      AND e.kind || '' = 'converted')

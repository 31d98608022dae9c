-- name: alphabets
-- What each route carries and in which alphabets. A paused one may be open again before the message leaves.
SELECT purposes, short_code, encodings FROM engine_route WHERE channel = 'sms' AND state <> 'draining'

-- name: raise_backlog
-- Say that a client has work in a lane. seq tells an engine that looked a moment ago that its answer is out of date.
INSERT INTO lane_backlog AS b (client_id, lane, due_at, seq)
VALUES (%(client)s, %(lane)s, %(due_at)s, 1)
ON CONFLICT (client_id, lane) DO UPDATE SET due_at = least(b.due_at, excluded.due_at), seq = b.seq + 1

-- name: wake
-- Tell the engines that there is work.
SELECT pg_notify(%(channel)s, '')

-- name: already_in
-- Which of these people have this campaign already: expansion may be repeated after a crash. One probe per person: LIMIT
-- and IS NOT DISTINCT FROM keep the planner from walking a campaign that it believes to be small. Never prepared: a plan
-- made for the empty table would stay.
SELECT r.recipient_index FROM unnest(%(recipients)s::bytea[]) AS r (recipient_index)
 CROSS JOIN LATERAL (SELECT 1 FROM engine_state s
                      WHERE s.client_id = %(client)s AND s.recipient_index = r.recipient_index
                        AND s.campaign_id IS NOT DISTINCT FROM %(campaign)s LIMIT 1) AS known

-- name: insert_messages
-- The one door in, on the caller's transaction: a person who has the campaign already gets nothing new.
WITH given AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(channels)s::text[], %(purposes)s::text[], %(campaigns)s::uuid[],
                         %(contacts)s::uuid[], %(establishments)s::uuid[], %(variants)s::text[],
                         %(recipients)s::bytea[], %(senders)s::text[], %(short_codes)s::text[], %(zones)s::text[],
                         %(payloads)s::bytea[], %(parts)s::smallint[], %(encodings)s::text[], %(prices)s::text[]::numeric[],
                         %(refs)s::text[], %(dues)s::timestamptz[], %(expiries)s::timestamptz[],
                         %(accounts)s::uuid[], %(receipts)s::smallint[], %(answers)s::uuid[], %(heads)s::uuid[],
                         %(rungs)s::smallint[], %(destinations)s::text[])
      AS g (id, channel, purpose, campaign_id, contact_id, establishment_id, variant, recipient_index, sender,
            short_code, zone, payload, parts, encoding, unit_price_eur, reference, due_at, expires_at, account_id, receipt,
            answers, head_id, rung, destination)
), state AS (
    INSERT INTO engine_state (client_id, message_id, campaign_id, contact_id, establishment_id, recipient_index, variant,
                              status, rank, parts, accepted_at, not_before, updated_at, account_id, receipt, rung)
    SELECT %(client)s, id, campaign_id, contact_id, establishment_id, recipient_index, variant, 'accepted', 10, parts,
           %(now)s, nullif(greatest(due_at, %(now)s), %(now)s), %(now)s, account_id, nullif(receipt, 0), rung
      FROM given
    ON CONFLICT (client_id, recipient_index, campaign_id, rung) DO NOTHING
    RETURNING message_id
), queue AS (
    INSERT INTO engine_queue (client_id, message_id, lane, due_at)
    SELECT %(client)s, id, CASE channel WHEN 'sms' THEN purpose ELSE purpose || '.' || channel END, due_at
      FROM given JOIN state ON message_id = id
), step AS (
    SELECT message_id, NULL::uuid AS account_id, NULL::smallint AS receipt, 'accepted' AS kind,
           %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at
      FROM state
), told AS (
    -- include: told
)
INSERT INTO engine_message (client_id, id, channel, purpose, campaign_id, contact_id, establishment_id, variant,
                            recipient_index, sender, short_code, zone, payload, parts, encoding, unit_price_eur,
                            reference, expires_at, answers, head_id, destination, due_at, created_at)
SELECT %(client)s, id, channel, purpose, campaign_id, contact_id, establishment_id, variant, recipient_index, sender,
       short_code, zone, payload, parts, encoding, unit_price_eur, reference, expires_at, answers, head_id,
       destination, nullif(greatest(due_at, %(now)s), %(now)s), %(now)s
  FROM given JOIN state ON message_id = id
RETURNING id

-- name: raise_backlog_to
-- The same for rows an engine gives back; the moment comes as a binary array of one.
INSERT INTO lane_backlog AS b (client_id, lane, due_at, seq)
VALUES (%(client)s, %(lane)s, (%(dues)s::timestamptz[])[1], 1)
ON CONFLICT (client_id, lane) DO UPDATE SET due_at = least(b.due_at, excluded.due_at), seq = b.seq + 1

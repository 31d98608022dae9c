-- name: finished_campaigns
-- Campaigns that are expanded and of which no message is known to wait, each with its youngest that does, in the queue or
-- in the hands of an engine, or none: then it is finished. The oldest leave first, so that the youngest is known for
-- longest, and a campaign is looked through once or twice. (IS TRUE: rows are found by the key of what waits, never by
-- walking the campaign.)
SELECT c.client_id, c.campaign_id,
       coalesce((SELECT q.message_id FROM engine_queue q
                   JOIN engine_state s ON s.client_id = q.client_id AND s.message_id = q.message_id
                  WHERE q.client_id = c.client_id AND (s.campaign_id = c.campaign_id) IS TRUE
                  ORDER BY q.message_id DESC LIMIT 1),
                (SELECT held.message_id FROM engine_claim k CROSS JOIN LATERAL unnest(k.messages) AS held (message_id)
                   JOIN engine_state s ON s.client_id = k.client_id AND s.message_id = held.message_id AND s.rank = 10
                  WHERE k.client_id = c.client_id AND (s.campaign_id = c.campaign_id) IS TRUE
                  LIMIT 1))
  FROM gate_campaign c
 WHERE c.state = 'running' AND c.expanded_at IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM unnest(%(campaigns)s::uuid[], %(messages)s::uuid[]) AS known (campaign_id, message_id)
                     JOIN engine_state s ON s.client_id = c.client_id AND s.message_id = known.message_id AND s.rank = 10
                    WHERE known.campaign_id = c.campaign_id)
 LIMIT 100

-- name: finish_campaign
-- Said once, by whichever engine is first.
WITH done AS (
    UPDATE gate_campaign SET state = 'finished'
     WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND state = 'running'
    RETURNING client_id
)
INSERT INTO kit_outbox (client_id, id, topic, payload, created_at)
SELECT %(client)s, %(id)s, %(topic)s, %(payload)s::jsonb, %(now)s FROM done

-- name: give_up
-- Messages whose outcome could not be written: whether they left is unknown, so nobody sends them again. An alert that was
-- leaving once more may have been delivered by its first route all the same: then it is.
WITH given AS (
    UPDATE engine_state s
       SET status = CASE WHEN s.rank < 30 THEN 'unknown' ELSE s.status END, rank = greatest(s.rank, 30),
           reason = CASE WHEN s.rank < 30 THEN 'engine_lost' ELSE s.reason END,
           resend = CASE s.resend WHEN 1 THEN 2 ELSE s.resend END, updated_at = %(now)s
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT unnest(%(messages)s::uuid[])))
       AND (s.rank = 10 OR s.resend = 1) IS TRUE
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, 'unknown' AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at, s.rank
), step AS (
    SELECT * FROM given WHERE rank = 30
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, 'unknown', %(now)s, '{"reason": "engine_lost"}' FROM step

-- name: release
-- Messages that an engine never handed over, since it died or never heard of its claim: back to the queue. Those whose
-- outcome was written since they were looked for stay where they are.
WITH back AS (
    INSERT INTO engine_queue (client_id, message_id, lane, due_at, attempt, avoid_route)
    SELECT c.client_id, held.id, c.lane, c.due_at, held.attempt, held.avoid_route
      FROM engine_claim c
           CROSS JOIN LATERAL unnest(c.messages, c.attempts, c.avoid_routes) AS held (id, attempt, avoid_route)
           JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = held.id
     WHERE c.client_id = %(client)s AND c.id = ANY(%(claims)s::uuid[]) AND held.id = ANY(%(ids)s::uuid[]) AND
           -- include: still_held
    RETURNING lane, due_at
)
INSERT INTO lane_backlog AS b (client_id, lane, due_at, seq)
SELECT %(client)s, lane, min(due_at), 1 FROM back GROUP BY lane
ON CONFLICT (client_id, lane) DO UPDATE SET due_at = least(b.due_at, excluded.due_at), seq = b.seq + 1

-- name: adopt
-- What a dead engine handed over is ours now: the ledger writes what became of it.
UPDATE engine_claim SET claimed_by = %(me)s WHERE claimed_by = %(dead)s

-- name: adopted
-- What the ledger must know about messages that were adopted.
SELECT m.id, c.id, c.lane, m.channel, m.purpose, m.parts, m.encoding, (m.unit_price_eur * 1000000)::bigint, held.attempt,
       m.campaign_id, m.contact_id, m.recipient_index, m.short_code, m.payload, held.avoid_route
  FROM engine_claim c
       CROSS JOIN LATERAL unnest(c.messages, c.attempts, c.avoid_routes) AS held (id, attempt, avoid_route)
  JOIN engine_message m ON m.client_id = %(client)s AND m.id = held.id
  JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = held.id
 WHERE c.client_id = %(client)s AND c.id = ANY(%(claims)s::uuid[]) AND held.id = ANY(%(ids)s::uuid[]) AND
       -- include: still_held

-- name: clients_to_forget
-- Clients with messages, or answers of people, that are past their retention. Ids carry their moment.
SELECT c.client_id FROM gate_client c
 WHERE EXISTS (SELECT 1 FROM engine_message m WHERE m.client_id = c.client_id AND m.id < %(before)s)
    OR EXISTS (SELECT 1 FROM engine_inbound i WHERE i.client_id = c.client_id AND i.at < %(at)s)
    OR EXISTS (SELECT 1 FROM engine_event e WHERE e.client_id = c.client_id AND e.message_id IS NULL AND e.at < %(at)s)
 LIMIT %(clients)s

-- name: forget_messages
-- The oldest of them with everything that was noted about them. What a campaign's figures are added up from stays, and
-- nothing in it leads to a person any more.
WITH old AS (
    SELECT id, contact_id FROM engine_message WHERE client_id = %(client)s AND id < %(before)s ORDER BY id LIMIT %(n)s
), events AS (
    DELETE FROM engine_event WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT id FROM old))
       AND contact_id = ANY (ARRAY(SELECT contact_id FROM old))
), of_nobody AS (
    DELETE FROM engine_event WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT id FROM old))
       AND contact_id IS NULL
), waiting AS (
    DELETE FROM engine_queue WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT id FROM old))
), ladders AS (
    DELETE FROM engine_ladder WHERE client_id = %(client)s AND head_id = ANY (ARRAY(SELECT id FROM old))
), single AS (
    DELETE FROM engine_state
     WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT id FROM old)) AND (campaign_id IS NULL) IS TRUE
), figures AS (
    UPDATE engine_state SET contact_id = NULL, recipient_index = uuid_send(message_id)
     WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT id FROM old)) AND (campaign_id IS NULL) IS FALSE
)
DELETE FROM engine_message WHERE client_id = %(client)s AND id = ANY (ARRAY(SELECT id FROM old))

-- name: forget_answers
-- What people sent back, and what they said outside of any message.
WITH said AS (DELETE FROM engine_event WHERE client_id = %(client)s AND message_id IS NULL AND at < %(at)s)
DELETE FROM engine_inbound WHERE client_id = %(client)s AND at < %(at)s

-- name: forget_writers
-- Whose an answer would be, of numbers nobody wrote to for as long.
DELETE FROM mo_lookup WHERE at < %(at)s

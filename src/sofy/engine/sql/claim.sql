-- name: due_clients
-- Whose turn it is: clients with due work in a lane; the engine takes them one after the other (fair share).
SELECT client_id, seq FROM lane_backlog WHERE lane = %(lane)s AND due_at <= %(now)s ORDER BY client_id

-- name: claim
-- Take up to n due messages of one client, oldest first; two engines never take the same row. What is taken leaves the
-- queue for one row that says who holds it. The lease runs on the clock of the database, which no test or demo moves.
-- (= ANY: rows are found by their keys whatever the planner believes of a table that was nearly empty when it was last
-- looked at.)
WITH due AS (
    SELECT message_id FROM engine_queue
     WHERE client_id = %(client)s AND lane = %(lane)s AND due_at <= %(now)s
     ORDER BY due_at
     LIMIT %(n)s
       FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM engine_queue
     WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT message_id FROM due))
    RETURNING message_id, attempt, avoid_route, due_at
), held AS (
    INSERT INTO engine_claim (client_id, id, lane, claimed_by, lease_until, due_at, messages, attempts, avoid_routes)
    SELECT %(client)s, %(id)s, %(lane)s, %(me)s, clock_timestamp() + interval '15 minutes', %(now)s,
           array_agg(message_id), array_agg(attempt), array_agg(avoid_route)
      FROM taken HAVING count(*) > 0
)
SELECT m.id, m.channel, m.purpose, m.campaign_id, m.contact_id, m.recipient_index, m.sender, m.short_code, m.zone, m.payload,
       m.parts, m.encoding, (m.unit_price_eur * 1000000)::bigint, taken.attempt, taken.avoid_route, m.expires_at,
       extract(epoch FROM taken.due_at)::float8,
       CASE WHEN m.answers IS NOT NULL
            THEN (SELECT i.route_id FROM engine_inbound i WHERE i.client_id = %(client)s AND i.id = m.answers) END,
       CASE WHEN m.answers IS NOT NULL
            THEN (SELECT i.supplier_id FROM engine_inbound i WHERE i.client_id = %(client)s AND i.id = m.answers) END
  FROM taken JOIN engine_message m ON m.id = taken.message_id
 WHERE m.client_id = %(client)s AND m.id = ANY (ARRAY(SELECT message_id FROM due))

-- name: settle_backlog
-- Nothing (more) is due: say when the client has work again, unless a message came in since the engine looked. Answers
-- whether something is due all the same: other engines are taking it.
UPDATE lane_backlog
   SET due_at = coalesce((SELECT q.due_at FROM engine_queue q
                           WHERE q.client_id = %(client)s AND q.lane = %(lane)s
                           ORDER BY q.due_at LIMIT 1), 'infinity')
 WHERE client_id = %(client)s AND lane = %(lane)s AND seq = %(seq)s
RETURNING due_at <= %(now)s

-- name: client_facts
-- What the gate must know of a client.
SELECT state, hours, ((budget_eur - spent_eur) * 1000000)::bigint, contact_answer, channels_off
  FROM gate_client WHERE client_id = %(client)s

-- name: campaign_states
-- Which of these campaigns may not go on.
SELECT campaign_id, state FROM gate_campaign
 WHERE client_id = %(client)s AND campaign_id = ANY(%(campaigns)s::uuid[]) AND state <> 'running'

-- name: permissions_of
-- What these people allow this client, for every purpose: one probe per person.
SELECT recipient_index, purpose, state FROM gate_permission
 WHERE client_id = %(client)s AND recipient_index = ANY(%(recipients)s::bytea[]) AND channel = %(channel)s

-- name: last_written
-- When these people last wrote by WhatsApp, within a day, under whichever of their names.
WITH names AS (
    -- include: names
)
SELECT names.recipient, max(i.written_at)
  FROM names JOIN engine_inbound i ON i.client_id = %(client)s AND i.recipient_index = names.name
 WHERE i.recipient_index = ANY (ARRAY(SELECT name FROM names))
   AND i.channel = 'whatsapp' AND i.written_at > %(now)s - interval '24 hours'
 GROUP BY names.recipient

-- name: platform_suppressed
-- Which of these numbers nobody may write to.
SELECT number_index FROM platform_suppression
 WHERE number_index = ANY(%(numbers)s::bytea[]) AND channel IN ('all', %(channel)s)

-- name: forget_claims
-- What became of every message of these is written, or given up.
DELETE FROM engine_claim WHERE client_id = %(client)s AND id = ANY(%(claims)s::uuid[])

-- name: still_held
-- A piece: whether a claim holds this message (`held`, with its state `s`). One that leaves once more, by another route, is
-- in the queue or held by the claim of that second hand-over (attempt: `item.SENT_AGAIN`), not by the claim of the first.
(s.rank = 10 OR (s.resend = 1 AND held.attempt >= 100))

-- name: end_claims
-- Claims of which nothing waits any more, and that nobody counts: those of engines before, and the last ones.
DELETE FROM engine_claim c
 WHERE c.claimed_by = %(me)s
   AND NOT EXISTS (SELECT 1 FROM LATERAL unnest(c.messages, c.attempts) AS held (message_id, attempt)
                     JOIN engine_state s ON s.client_id = c.client_id AND s.message_id = held.message_id
                    WHERE
                          -- include: still_held
                  )

-- name: held_by
-- Every message an instance holds, and by which claim: compared with its memory now and then, and with its journal after
-- its death.
SELECT c.client_id, held.message_id, c.id
  FROM engine_claim c CROSS JOIN LATERAL unnest(c.messages, c.attempts) AS held (message_id, attempt)
  JOIN engine_state s ON s.client_id = c.client_id AND s.message_id = held.message_id
 WHERE c.claimed_by = %(instance)s AND
       -- include: still_held

-- name: renew_leases
-- Messages that wait long in a connector stay with their engine.
UPDATE engine_claim SET lease_until = clock_timestamp() + interval '15 minutes'
 WHERE claimed_by = %(me)s AND lease_until < clock_timestamp() + interval '7 minutes'

-- name: dead_leases
-- What is held by engines that vanished with their journal.
SELECT c.client_id, c.id,
       ARRAY(SELECT held.message_id FROM unnest(c.messages, c.attempts) AS held (message_id, attempt)
               JOIN engine_state s ON s.client_id = c.client_id AND s.message_id = held.message_id
              WHERE
                    -- include: still_held
            )
  FROM engine_claim c WHERE c.lease_until < (SELECT clock_timestamp()) LIMIT 20

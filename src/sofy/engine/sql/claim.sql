-- name: due_clients
-- Whose turn it is: clients with due work in a lane; the engine takes them one after the other (fair share).
SELECT client_id, seq FROM lane_backlog WHERE lane = %(lane)s AND due_at <= %(now)s ORDER BY client_id

-- name: claim
-- Take up to n due messages of one client, oldest first; two engines never take the same row. The lease runs on the
-- clock of the database, which no test or demo moves. (= ANY: rows are found by their keys whatever the planner believes
-- of a table that was nearly empty when it was last looked at.)
WITH due AS (
    SELECT message_id FROM engine_queue
     WHERE client_id = %(client)s AND lane = %(lane)s AND due_at <= %(now)s AND claimed_by IS NULL
     ORDER BY due_at
     LIMIT %(n)s
       FOR UPDATE SKIP LOCKED
), held AS (
    UPDATE engine_queue q SET claimed_by = %(me)s, lease_until = clock_timestamp() + interval '15 minutes'
     WHERE q.client_id = %(client)s AND q.message_id = ANY (ARRAY(SELECT message_id FROM due))
    RETURNING q.message_id, q.attempt, q.avoid_route, q.lease_until
)
SELECT m.id, m.purpose, m.campaign_id, m.contact_id, m.recipient_index, m.sender, m.short_code, m.zone, m.payload,
       m.parts, m.encoding, (m.unit_price_eur * 1000000)::bigint, held.attempt, held.avoid_route,
       m.expires_at, held.lease_until
  FROM held JOIN engine_message m ON m.id = held.message_id
 WHERE m.client_id = %(client)s AND m.id = ANY (ARRAY(SELECT message_id FROM due))

-- name: settle_backlog
-- Nothing (more) is due: say when the client has work again, unless a message came in since the engine looked.
UPDATE lane_backlog
   SET due_at = coalesce((SELECT q.due_at FROM engine_queue q
                           WHERE q.client_id = %(client)s AND q.lane = %(lane)s AND q.claimed_by IS NULL
                           ORDER BY q.due_at LIMIT 1), 'infinity')
 WHERE client_id = %(client)s AND lane = %(lane)s AND seq = %(seq)s

-- name: client_facts
-- What the gate must know of a client.
SELECT state, hours, ((budget_eur - spent_eur) * 1000000)::bigint, contact_answer
  FROM gate_client WHERE client_id = %(client)s

-- name: campaign_states
-- Which of these campaigns may not go on.
SELECT campaign_id, state FROM gate_campaign
 WHERE client_id = %(client)s AND campaign_id = ANY(%(campaigns)s::uuid[]) AND state <> 'running'

-- name: permissions_of
-- What these people allow this client, for every purpose: one probe per person.
SELECT recipient_index, purpose, state FROM gate_permission
 WHERE client_id = %(client)s AND recipient_index = ANY(%(recipients)s::bytea[]) AND channel = %(channel)s

-- name: platform_suppressed
-- Which of these numbers nobody may write to.
SELECT number_index FROM platform_suppression
 WHERE number_index = ANY(%(numbers)s::bytea[]) AND channel IN ('all', %(channel)s)

-- name: held_by
-- Every row an instance holds: compared with its memory now and then, and with its journal after its death.
SELECT client_id, message_id FROM engine_queue WHERE claimed_by = %(instance)s

-- name: renew_leases
-- Messages that wait long in a connector stay with their engine.
UPDATE engine_queue SET lease_until = clock_timestamp() + interval '15 minutes'
 WHERE claimed_by = %(me)s AND lease_until < clock_timestamp() + interval '7 minutes'

-- name: dead_leases
-- Rows whose engine vanished with its journal: nobody can say whether they were handed over.
SELECT client_id, message_id, lane FROM engine_queue
 WHERE claimed_by IS NOT NULL AND lease_until < clock_timestamp() LIMIT 1000

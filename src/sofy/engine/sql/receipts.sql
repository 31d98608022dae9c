-- name: match_receipts
-- Which parts these supplier ids mean: likeliest form first, and of reused ids the most recent submit within 7 days; and
-- whether that is beyond doubt. `again`: of a hand-over that nobody answered, and that another follows.
SELECT DISTINCT ON (r.n) r.n, k.supplier_id, k.submitted_at, k.client_id, k.message_id, k.part, k.parts, k.status = 'again',
       r.pref = 0 AND count(*) OVER (PARTITION BY r.n) = 1
  FROM unnest(%(numbers)s::smallint[], %(orders)s::smallint[], %(keys)s::text[]) AS r (n, pref, key)
  JOIN receipt_key k ON k.supplier_id = r.key
 WHERE k.route_id = %(route)s AND k.supplier_id = ANY (ARRAY(SELECT unnest(%(keys)s::text[])))
   AND k.submitted_at > %(now)s - interval '7 days'
 ORDER BY r.n, r.pref, k.submitted_at DESC

-- name: left_again
-- Whether a message that nobody answered, and that was to leave once more, waits no longer; and whether it did leave. It was
-- unknown at once, by no other route, where it was too late for that.
SELECT rank > 10, rank <> 30 OR route_id IS NOT NULL
  FROM engine_state WHERE client_id = %(client)s AND message_id = %(message)s

-- name: took_after_all
-- A message that its supplier failed at, or did not answer for, and that it says arrived: it was handed over, which is paid
-- now. Once, however often that is said.
WITH taken AS (
    UPDATE engine_state SET submitted_at = (%(ats)s::timestamptz[])[1], updated_at = %(now)s
     WHERE client_id = %(client)s AND message_id = %(message)s AND rank IN (30, 40) AND submitted_at IS NULL
    RETURNING message_id
), spent AS (
    UPDATE gate_client SET spent_eur = spent_eur + paid.cost
      FROM (SELECT m.parts * m.unit_price_eur FROM engine_message m
             WHERE m.client_id = %(client)s AND m.id = %(message)s AND EXISTS (SELECT 1 FROM taken)) AS paid (cost)
     WHERE client_id = %(client)s AND paid.cost > 0
)
SELECT count(*) FROM taken

-- name: candidates
-- All the parts that doubtful supplier ids may mean, with the blind index of whom each went to. (With limits: one by one,
-- by their keys.)
SELECT r.n, k.supplier_id, k.submitted_at, k.client_id, k.message_id, k.part, k.parts, k.status = 'again',
       m.recipient_index
  FROM unnest(%(numbers)s::smallint[], %(orders)s::smallint[], %(keys)s::text[]) AS r (n, pref, key)
 CROSS JOIN LATERAL (SELECT * FROM receipt_key WHERE route_id = %(route)s AND supplier_id = r.key
                        AND submitted_at > %(now)s - interval '7 days' ORDER BY submitted_at DESC LIMIT 20) k
 CROSS JOIN LATERAL (SELECT recipient_index FROM engine_message WHERE client_id = k.client_id AND id = k.message_id
                      LIMIT 1) m
 ORDER BY r.n, r.pref, k.submitted_at DESC

-- name: part_receipts
-- Note the receipts of parts of long messages, and answer how all parts of those messages stand.
WITH told AS (
    UPDATE receipt_key k SET status = o.status
      FROM unnest(%(supplier_ids)s::text[], %(submitted)s::timestamptz[], %(statuses)s::text[]) AS o (supplier_id, at, status)
     WHERE k.route_id = %(route)s AND k.supplier_id = ANY (ARRAY(SELECT unnest(%(supplier_ids)s::text[])))
       AND k.supplier_id = o.supplier_id AND k.submitted_at = o.at
       AND k.status IS DISTINCT FROM 'delivered'
    RETURNING k.message_id, k.supplier_id, o.status
)
SELECT k.message_id, k.part, coalesce(told.status, k.status, '')
  FROM receipt_key k LEFT JOIN told ON told.message_id = k.message_id AND told.supplier_id = k.supplier_id
 WHERE k.message_id = ANY(%(messages)s::uuid[]) AND k.parts > 1
 ORDER BY k.message_id, k.part

-- name: park_receipts
-- Receipts nobody can place yet: the answer to the submit may be on its way to another engine.
INSERT INTO receipt_parked (route_id, keys, status, code, action, at, parked_at)
SELECT %(route)s, string_to_array(p.keys, E'\n'), p.status, p.code, p.action, p.at, %(now)s
  FROM unnest(%(joined)s::text[], %(statuses)s::text[], %(codes)s::text[], %(actions)s::text[], %(ats)s::timestamptz[])
    AS p (keys, status, code, action, at)

-- name: parked
-- Parked receipts to try again, by one engine: at once, after four seconds, then each time after twice as long, at most an
-- hour. An engine that dies leaves them to the others. The lease runs on the clock of the database.
UPDATE receipt_parked
   SET tries = least(tries + 1, 11), lease_until = clock_timestamp() + least(2 ^ (tries + 2), 3600) * interval '1 second'
 WHERE id = ANY (ARRAY(SELECT id FROM receipt_parked WHERE lease_until < (SELECT clock_timestamp())
                        ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED))
RETURNING id, route_id, keys, status, code, action, at, parked_at

-- name: unpark
-- Placed and committed, or given up.
DELETE FROM receipt_parked WHERE id = ANY(%(ids)s::bigint[])

-- name: forget_receipt_keys
-- Suppliers use their ids again; after seven days a receipt means somebody else. What has no receipt by then is unknown,
-- whatever its horizon: with its key goes the way to find it.
WITH gone AS (
    DELETE FROM receipt_key WHERE submitted_at < %(now)s - interval '8 days' RETURNING client_id, message_id
), moved AS (
    UPDATE engine_state s SET status = 'unknown', rank = 30, reason = 'no_receipt', updated_at = %(now)s
      FROM gone
     WHERE s.client_id = gone.client_id AND s.message_id = gone.message_id AND s.rank = 20
    RETURNING s.client_id, s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt
), told AS (
    -- As the piece of this name, for all clients at once.
    INSERT INTO engine_notice (client_id, endpoint_id, message_id, kind, at)
    SELECT e.client_id, e.id, moved.message_id, 'unknown', %(now)s
      FROM moved JOIN gate_endpoint e ON e.client_id = moved.client_id
     WHERE e.state <> 'off'
       AND CASE WHEN e.kind = 'webhook' THEN e.events = '{}' OR 'message.unknown' = ANY (e.events)
                ELSE moved.account_id = e.id AND moved.receipt IN (1, 2) END
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT client_id, message_id, contact_id, campaign_id, 'unknown', %(now)s, '{"reason": "no_receipt"}' FROM moved

-- name: overdue
-- Submitted longer ago than a receipt may take, and not looked at before. One client at a time, by the index of what was
-- submitted.
SELECT DISTINCT client_id FROM receipt_key WHERE route_id = %(route)s
   AND submitted_at < %(before)s AND submitted_at > %(after)s

-- name: expire_unreceipted
-- No receipt by the horizon: nobody knows. A late receipt still resolves it.
WITH late AS (
    SELECT DISTINCT message_id FROM receipt_key
     WHERE route_id = %(route)s AND client_id = %(client)s
       AND submitted_at < %(before)s AND submitted_at > %(after)s
), step AS (
    UPDATE engine_state s SET status = 'unknown', rank = 30, reason = 'no_receipt', updated_at = %(now)s
      FROM late
     WHERE s.client_id = %(client)s AND s.message_id = late.message_id AND s.rank = 20
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, 'unknown' AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, 'unknown', %(now)s, '{"reason": "no_receipt"}' FROM step

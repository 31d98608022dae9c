-- name: write_ladders
-- What is tried after the first rung, and that the first was begun.
INSERT INTO engine_ladder (client_id, head_id, rung, channel, message_id, payload, insist, deadline_at)
SELECT %(client)s, l.head_id, l.rung, l.channel, l.message_id, l.payload, l.insist = 1, l.deadline_at
  FROM unnest(%(heads)s::uuid[], %(rungs)s::smallint[], %(channels)s::text[], %(messages)s::uuid[], %(payloads)s::bytea[],
              %(insists)s::smallint[], %(deadlines)s::timestamptz[])
    AS l (head_id, rung, channel, message_id, payload, insist, deadline_at)
ON CONFLICT DO NOTHING

-- name: clients_with_steps
-- Whose ladders have a rung that led nowhere.
SELECT client_id FROM engine_ladder_step ORDER BY client_id LIMIT 500

-- name: take_steps
-- Rungs of one client that led nowhere, each with the next one and what the message is about. Whoever holds them begins the
-- next rung in the same transaction.
WITH step AS (
    SELECT message_id FROM engine_ladder_step WHERE client_id = %(client)s ORDER BY at LIMIT %(n)s FOR UPDATE SKIP LOCKED
)
SELECT step.message_id, next.head_id, next.rung, next.payload, m.purpose, m.campaign_id, m.contact_id, m.establishment_id,
       m.variant, m.zone, m.reference, m.answers, s.supplier_code LIKE 'http_5%%' AS only_failed
  FROM step
  JOIN engine_message m ON m.client_id = %(client)s AND m.id = step.message_id
  JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = step.message_id
  LEFT JOIN LATERAL (
      SELECT n.* FROM engine_ladder l JOIN engine_ladder n ON n.client_id = %(client)s AND n.head_id = l.head_id
                                                          AND n.rung = l.rung + 1 AND n.message_id IS NULL
       WHERE l.client_id = %(client)s AND l.message_id = step.message_id) next ON true

-- name: arrived_all_the_same
-- Which of these messages, by our own names of them, somebody says arrived. Asked only where a supplier answered nothing but
-- errors, since it looks through everything that waits to be placed.
SELECT DISTINCT key FROM receipt_parked, unnest(keys) AS key
 WHERE status IN ('delivered', 'read') AND key = ANY (ARRAY(SELECT unnest(%(keys)s::text[])))

-- name: refused_meanwhile
-- Of these ladders, those whose person said no to marketing since they were begun, and by which kind of channel.
SELECT DISTINCT l.head_id, p.channel FROM engine_ladder l
  JOIN engine_message h ON h.client_id = %(client)s AND h.id = l.head_id AND h.purpose = 'marketing'
  JOIN engine_message m ON m.client_id = %(client)s AND m.id = l.message_id
  JOIN gate_permission p ON p.client_id = %(client)s AND p.recipient_index = m.recipient_index
 WHERE l.client_id = %(client)s AND l.head_id = ANY (ARRAY(SELECT unnest(%(heads)s::uuid[])))
   AND p.purpose IN ('marketing', 'all') AND p.state <> 'granted' AND p.since >= h.created_at

-- name: drop_rungs
-- Nothing follows these rungs: what was to come after them is not to come any more.
DELETE FROM engine_ladder n USING engine_ladder l
 WHERE l.client_id = %(client)s AND l.message_id = ANY (ARRAY(SELECT unnest(%(messages)s::uuid[])))
   AND n.client_id = %(client)s AND n.head_id = l.head_id AND n.message_id IS NULL

-- name: begin_rungs
-- These rungs are messages now.
WITH begun AS (
    SELECT * FROM unnest(%(heads)s::uuid[], %(rungs)s::smallint[], %(messages)s::uuid[], %(deadlines)s::timestamptz[])
        AS b (head_id, rung, message_id, deadline_at)
)
UPDATE engine_ladder l SET message_id = begun.message_id, deadline_at = begun.deadline_at FROM begun
 WHERE l.client_id = %(client)s AND l.head_id = begun.head_id AND l.rung = begun.rung AND l.message_id IS NULL

-- name: supersede
-- The rungs before them count no more.
UPDATE engine_state SET superseded = true, updated_at = %(now)s
 WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT unnest(%(messages)s::uuid[])))

-- name: forget_steps
-- The next rung is begun, or there is none.
DELETE FROM engine_ladder_step WHERE client_id = %(client)s AND message_id = ANY (ARRAY(SELECT unnest(%(messages)s::uuid[])))

-- name: clients_with_deadlines
-- Whose rungs had their time, the oldest first.
SELECT client_id FROM engine_ladder WHERE deadline_at <= %(now)s ORDER BY deadline_at LIMIT 500

-- name: end_rungs
-- Rungs that no supplier took in time, out of the queue; and those that it took, where twice is better than never. What an
-- engine holds at this moment is looked at again. So is, a minute later, an RCS message that nobody answered for: its life at
-- the supplier ended with its time (`ttl`), so when nobody has said by then that it arrived, it never will.
WITH late AS (
    SELECT head_id, rung, message_id, channel, insist, deadline_at FROM engine_ladder
     WHERE client_id = %(client)s AND deadline_at <= %(now)s ORDER BY deadline_at LIMIT %(n)s FOR UPDATE SKIP LOCKED
), mortal AS (
    SELECT late.message_id, late.deadline_at >= m.expires_at + interval '1 minute' AS over
      FROM late JOIN engine_message m ON m.client_id = %(client)s AND m.id = ANY (ARRAY(SELECT message_id FROM late))
                                     AND m.id = late.message_id
     WHERE late.channel = 'rcs' AND NOT late.insist AND m.expires_at IS NOT NULL
), gone AS (
    DELETE FROM engine_queue q WHERE q.client_id = %(client)s AND q.message_id = ANY (ARRAY(SELECT message_id FROM late))
    RETURNING q.message_id, q.attempt
), fate AS (
    -- include: fate
), ended AS (
    -- What the supplier may have is unknown: another channel could reach the person twice.
    UPDATE engine_state s
       SET status = coalesce(fate.status, 'withheld'), rank = coalesce(fate.rank, 90),
           reason = coalesce(fate.reason, 'too_late'), article = CASE WHEN fate.status IS NULL THEN 'DPA 6' END,
           final_at = CASE WHEN fate.rank = 30 THEN s.final_at ELSE %(now)s END, not_before = NULL, updated_at = %(now)s
      FROM fate WHERE s.client_id = %(client)s AND s.message_id = fate.message_id AND s.rank = 10
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.status, s.reason, s.article
), silent AS (
    UPDATE engine_state s SET status = 'failed', rank = 40, final_at = %(now)s, updated_at = %(now)s
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT message_id FROM mortal WHERE over))
       AND s.status = 'unknown' AND s.reason = 'no_answer'
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.status, s.reason, s.article
), moved AS (
    SELECT * FROM ended UNION ALL SELECT * FROM silent
), told AS (
    INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
    SELECT %(client)s, message_id, contact_id, campaign_id, status, %(now)s,
           jsonb_strip_nulls(jsonb_build_object('reason', reason, 'article', article)) FROM moved
), step AS (
    INSERT INTO engine_ladder_step (client_id, message_id, at)
    SELECT %(client)s, late.message_id, %(now)s FROM late JOIN moved ON moved.message_id = late.message_id
     WHERE moved.status <> 'unknown' OR late.insist
     UNION
    SELECT %(client)s, late.message_id, %(now)s FROM late
      JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = late.message_id AND s.rank IN (20, 30)
     WHERE late.insist
    ON CONFLICT DO NOTHING
)
UPDATE engine_ladder l
   SET deadline_at = CASE WHEN s.rank = 10 AND s.message_id <> ALL (ARRAY(SELECT message_id FROM gone))
                          THEN %(now)s + interval '2 seconds'
                          WHEN NOT mortal.over AND s.status = 'unknown' AND s.reason = 'no_answer'
                            OR mortal.message_id = ANY (ARRAY(SELECT message_id FROM ended WHERE status = 'unknown'))
                          THEN %(now)s + interval '1 minute' END
  FROM late JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = late.message_id
            LEFT JOIN mortal ON mortal.message_id = late.message_id
 WHERE l.client_id = %(client)s AND l.head_id = late.head_id AND l.rung = late.rung

-- name: rungs_of
-- The rungs of ladders, by the message that their sender knows; without a message where they were not begun.
SELECT head_id, channel, message_id FROM engine_ladder
 WHERE client_id = %(client)s AND head_id = ANY (ARRAY(SELECT unnest(%(messages)s::uuid[]))) ORDER BY head_id, rung

-- name: told
-- A piece of the statements that move messages, which name `step` what moved: what there is to tell of it to those who
-- asked. A webhook hears of its types, or of all; an SMPP account of how its own messages ended. A client that has neither
-- pays a look at its endpoints.
INSERT INTO engine_notice (client_id, endpoint_id, message_id, kind, at, submitted_at)
SELECT %(client)s, e.id, step.message_id, step.kind, step.at, step.submitted_at
  FROM gate_endpoint e CROSS JOIN step
 WHERE e.client_id = %(client)s AND e.state <> 'off'
   AND CASE WHEN e.kind = 'webhook'
            THEN e.events = '{}' OR 'message.' || step.kind = ANY (e.events)
                 OR (step.submitted_at IS NOT NULL AND 'message.submitted' = ANY (e.events))
            ELSE step.account_id = e.id
                 AND step.kind IN ('delivered', 'failed', 'expired', 'unknown', 'withheld', 'cancelled')
                 AND CASE step.receipt WHEN 1 THEN true WHEN 2 THEN step.kind <> 'delivered'
                                       WHEN 3 THEN step.kind = 'delivered' ELSE false END
       END

-- name: tell_accepted
-- Messages that were copied in; those of a statement tell of themselves.
WITH step AS (
    SELECT message_id, NULL::uuid AS account_id, NULL::smallint AS receipt, 'accepted' AS kind,
           %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at
      FROM unnest(%(ids)s::uuid[]) AS message_id
)
-- include: told

-- name: tell
-- Something else than a status that webhooks may have asked for; its data names nobody.
INSERT INTO engine_notice (client_id, endpoint_id, kind, at, data)
SELECT %(client)s, e.id, %(kind)s, %(now)s, %(data)s::jsonb FROM gate_endpoint e
 WHERE e.client_id = %(client)s AND e.state <> 'off' AND e.kind = 'webhook'
   AND (e.events = '{}' OR %(kind)s = ANY (e.events))

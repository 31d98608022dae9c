-- name: lead_analysis
-- One engine looks at traffic at a time; whoever is first goes on when it dies.
INSERT INTO fraud_setting AS f (analyser, lease_until) VALUES (%(me)s, clock_timestamp() + interval '10 seconds')
ON CONFLICT (id) DO UPDATE SET analyser = excluded.analyser, lease_until = excluded.lease_until
 WHERE f.analyser = %(me)s OR f.lease_until < clock_timestamp()
RETURNING fiction

-- name: fraud_enforced
-- Whether verdicts are carried out.
SELECT enforce FROM fraud_setting

-- name: fraud_watch
-- Ranges that are held or closed, of every client: few, and read by every engine each second.
SELECT client_id, purpose, range_hash, verdict, digits, until FROM gate_fraud WHERE until > %(now)s LIMIT 100000

-- name: misuse_watch
-- Texts of the alert lane that people decided about.
SELECT client_id, text_hash, verdict FROM gate_misuse WHERE verdict <> 'held' LIMIT 100000

-- name: fraud_safe_ranges
-- Ranges never judged.
SELECT client_id, range_hash, digits FROM fraud_safe

-- name: busy_clients
-- Where messages came in since the last look, compared with what was seen then.
SELECT client_id, sum(seq)::bigint FROM lane_backlog GROUP BY client_id

-- name: traffic_since
-- The newest messages of programs of one client, for the detector. Ids are in the order of time.
SELECT id, purpose, payload FROM engine_message
 WHERE client_id = %(client)s AND id > %(after)s AND id < %(before)s AND (campaign_id IS NULL) IS TRUE
 ORDER BY id DESC LIMIT %(n)s

-- name: news_since
-- What became of messages of programs of one client: codes used, receipts.
SELECT message_id, kind, at, submitted_at FROM engine_event
 WHERE client_id = %(client)s AND contact_id IS NULL AND kind = ANY('{converted,delivered,failed}'::text[])
   AND at > %(after)s
 ORDER BY at DESC LIMIT %(n)s

-- name: suspect
-- A range of a client is suspected, or still is: one open row per range. Whether it is new, and whether what was held is
-- blocked from now on.
WITH stood AS (
    SELECT verdict FROM fraud_suspicion
     WHERE client_id = %(client)s AND purpose = %(purpose)s AND range_hash = %(hash)s AND state = 'open'
)
INSERT INTO fraud_suspicion AS s (client_id, id, purpose, range_hash, open_digits, country, verdict, score, reasons,
                                  series, messages, samples, until, first_at, last_at, alert_due_at)
VALUES (%(client)s, %(id)s, %(purpose)s, %(hash)s, %(open_digits)s, %(country)s, %(verdict)s, %(score)s,
        %(reasons)s::jsonb, ARRAY[%(messages)s]::int[], %(messages)s, %(samples)s::uuid[], %(until)s, %(now)s, %(now)s,
        %(alert_due_at)s)
ON CONFLICT (client_id, purpose, range_hash) WHERE state = 'open' DO UPDATE
   SET verdict = CASE WHEN s.verdict = 'block' THEN s.verdict ELSE excluded.verdict END,
       score = greatest(s.score, excluded.score), reasons = excluded.reasons,
       series = (s.series || excluded.series)[greatest(1, cardinality(s.series) - 118):],
       messages = s.messages + excluded.messages, until = greatest(s.until, excluded.until),
       samples = (s.samples || excluded.samples)[1:20], last_at = excluded.last_at
RETURNING id, id = %(id)s AS new, s.verdict = 'block' AND 'hold' IN (SELECT verdict FROM stood) AS worse

-- name: watch_range
-- The gate holds, or stops, what goes there.
INSERT INTO gate_fraud AS g (client_id, purpose, range_hash, verdict, suspicion_id, until)
VALUES (%(client)s, %(purpose)s, %(hash)s, %(verdict)s, %(id)s, %(until)s)
ON CONFLICT (client_id, purpose, range_hash) DO UPDATE
   SET verdict = CASE WHEN g.digits IS NOT NULL AND g.until > %(now)s THEN g.verdict ELSE excluded.verdict END,
       suspicion_id = excluded.suspicion_id, until = greatest(g.until, excluded.until)

-- name: released_ranges
-- What people opened again lately: the detector forgets what it held against it.
SELECT client_id, purpose, range_hash FROM fraud_suspicion WHERE state = 'released' AND closed_at > %(after)s

-- name: note_misuse
-- A text of the alert lane was held; says whether it is the first time.
INSERT INTO gate_misuse AS m (client_id, text_hash, score, reasons, messages, samples, first_at, last_at)
VALUES (%(client)s, %(hash)s, %(score)s, %(reasons)s::jsonb, %(messages)s, %(samples)s::uuid[], %(now)s, %(now)s)
ON CONFLICT (client_id, text_hash) DO UPDATE
   SET messages = m.messages + excluded.messages, last_at = excluded.last_at,
       samples = (m.samples || excluded.samples)[1:20]
RETURNING first_at = %(now)s AND messages = %(messages)s

-- name: look_again_at
-- What waits for a person of one client, for one reason, is due now: the gate decides anew.
UPDATE engine_queue q SET due_at = %(now)s
  FROM engine_state s
 WHERE q.client_id = %(client)s AND q.due_at = 'infinity'
   AND s.client_id = %(client)s AND s.message_id = q.message_id AND s.reason = %(reason)s
RETURNING q.lane

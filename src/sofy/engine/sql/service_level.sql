-- name: service_next_day
-- The first message after the days that were counted: its id tells its day. Days without messages have no row.
SELECT id FROM engine_message
 WHERE client_id = %(client)s
   AND id > %(after)s
 ORDER BY id LIMIT 1

-- name: service_last_day
-- The newest day that was begun.
SELECT day FROM service_slice WHERE client_id = %(client)s ORDER BY day DESC LIMIT 1

-- name: service_begin_day
-- A day of which nothing is counted yet.
INSERT INTO service_slice (client_id, day, again_at) VALUES (%(client)s, %(day)s, %(now)s)
ON CONFLICT (client_id, day) DO UPDATE SET again_at = excluded.again_at

-- name: service_due_day
-- The day of a client that waits longest for being counted.
SELECT day FROM service_slice WHERE client_id = %(client)s AND again_at <= %(now)s ORDER BY again_at LIMIT 1

-- name: service_page
-- Some messages of a stretch of time with where they stand, in the order of their ids. Further rungs of a ladder are not
-- messages of their own.
SELECT m.id, m.purpose, m.channel, m.zone, m.destination, m.expires_at, m.due_at, m.head_id, s.accepted_at, s.status, s.reason,
       s.submitted_at, s.final_at, s.route_id, s.contact_id, s.campaign_id, s.superseded
  FROM engine_message m JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = m.id
 WHERE m.client_id = %(client)s AND m.id > %(after)s AND m.id < %(before)s
 ORDER BY m.id LIMIT %(n)s

-- name: service_last_rungs
-- Where ladders stand: the last channel that was begun stands for the message that its sender knows.
SELECT l.head_id, m.id, m.purpose, m.channel, m.zone, m.destination, m.expires_at, m.due_at, s.accepted_at, s.status, s.reason,
       s.submitted_at, s.final_at, s.route_id, s.contact_id, s.campaign_id
  FROM unnest(%(ids)s::uuid[]) AS asked (id)
 CROSS JOIN LATERAL (SELECT head_id, message_id FROM engine_ladder
                      WHERE client_id = %(client)s AND head_id = asked.id AND message_id IS NOT NULL
                      ORDER BY rung DESC LIMIT 1) AS l
  JOIN engine_message m ON m.client_id = %(client)s AND m.id = l.message_id
  JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = l.message_id

-- name: service_holds
-- When messages were held, and why. Events of a contact are found by the contact, the others by the message.
SELECT asked.id, e.at, e.detail->>'reason'
  FROM unnest(%(ids)s::uuid[], %(contacts)s::uuid[]) AS asked (id, contact_id)
 CROSS JOIN LATERAL (
       (SELECT kind, at, detail FROM engine_event
         WHERE client_id = %(client)s AND contact_id = asked.contact_id AND message_id = asked.id LIMIT 1000)
        UNION ALL
       (SELECT kind, at, detail FROM engine_event
         WHERE client_id = %(client)s AND contact_id IS NULL AND message_id = asked.id LIMIT 1000)
      ) AS e
 WHERE e.kind = 'held'
 ORDER BY e.at

-- name: service_payloads
-- What has to be opened: to know where abroad somebody is, or whether what a message was withheld for was taken back.
SELECT id, payload FROM engine_message WHERE client_id = %(client)s AND id = ANY (ARRAY(SELECT unnest(%(ids)s::uuid[])))

-- name: service_pauses
-- When campaigns were paused and resumed.
SELECT campaign_id, pauses FROM gate_campaign
 WHERE client_id = %(client)s AND campaign_id = ANY(%(campaigns)s::uuid[]) AND pauses <> '{}'

-- name: service_hours
-- The hours of a client, within those of the contract.
SELECT hours FROM gate_client WHERE client_id = %(client)s

-- name: service_records
-- Outages and maintenance that touch a stretch of time.
SELECT id, kind, begins_at, ends_at, channel, route_id, announced_at FROM service_record
 WHERE withdrawn_at IS NULL AND ends_at > %(from)s AND begins_at < %(until)s
 ORDER BY begins_at LIMIT 10000

-- name: service_taken_back
-- Ranges and texts that turned out to be in order.
SELECT purpose, range_hash, first_at, closed_at, digits FROM fraud_suspicion
 WHERE client_id = %(client)s AND state = 'released'

-- name: service_texts_taken_back
SELECT text_hash FROM gate_misuse WHERE client_id = %(client)s AND verdict = 'released'

-- name: service_forget_page
-- What was said of the messages of a page before.
DELETE FROM service_lost WHERE client_id = %(client)s AND day = %(day)s AND message_id > %(after)s AND message_id <= %(last)s

-- name: service_note_lost
-- Lost points of a page, each with its evidence.
INSERT INTO service_lost (client_id, day, message_id, purpose, channel, verdict, reason, due_at, deadline_at, at, record_id,
                          left_at)
SELECT %(client)s, %(day)s, l.* FROM unnest(%(ids)s::uuid[], %(purposes)s::text[], %(channels)s::text[], %(verdicts)s::text[],
              %(reasons)s::text[], %(dues)s::timestamptz[], %(deadlines)s::timestamptz[], %(ats)s::timestamptz[],
              %(records)s::uuid[], %(lefts)s::timestamptz[]) AS l
ON CONFLICT (client_id, day, message_id) DO UPDATE
   SET verdict = excluded.verdict, reason = excluded.reason, deadline_at = excluded.deadline_at, at = excluded.at,
       record_id = excluded.record_id, left_at = excluded.left_at

-- name: service_lock_day
-- One count of a day is written at a time.
SELECT 1 FROM service_slice WHERE client_id = %(client)s AND day = %(day)s FOR UPDATE

-- name: service_forget_day
DELETE FROM service_day WHERE client_id = %(client)s AND day = %(day)s

-- name: service_write_day
-- The figures of a day, all at once.
INSERT INTO service_day (client_id, day, purpose, channel, verdict, reason, messages)
SELECT %(client)s, %(day)s, d.* FROM unnest(%(purposes)s::text[], %(channels)s::text[], %(verdicts)s::text[],
                                            %(reasons)s::text[], %(counts)s::int[]) AS d

-- name: service_counted
-- The day is counted; it is counted again when something in it may have changed.
UPDATE service_slice SET counted_at = %(now)s,
       again_at = CASE WHEN again_at > %(began)s THEN again_at ELSE %(again)s END
 WHERE client_id = %(client)s AND day = %(day)s

-- name: service_again
-- Something about messages since a day was decided anew.
UPDATE service_slice SET again_at = %(now)s WHERE client_id = %(client)s AND day >= %(since)s

-- name: service_days
-- The figures of a client's month.
SELECT day, purpose, channel, verdict, reason, messages FROM service_day
 WHERE client_id = %(client)s AND day >= %(first)s AND day < %(after)s ORDER BY day

-- name: service_counted_at
-- Since when the oldest and the newest figure of a month stand.
SELECT min(counted_at), max(counted_at) FROM service_slice WHERE client_id = %(client)s AND day >= %(first)s AND day < %(after)s

-- name: service_lost_points
-- Lost points of a month, the newest first, each with the record that excuses it, if any.
SELECT message_id, purpose, channel, verdict, reason, due_at, deadline_at, at, record_id, left_at FROM service_lost
 WHERE client_id = %(client)s AND day >= %(first)s AND day < %(after)s
 ORDER BY day DESC, message_id DESC LIMIT %(n)s

-- name: service_records_of
-- The records that excuse something of a month.
SELECT id, kind, party, channel, begins_at, ends_at, announced_at, proof FROM service_record
 WHERE id IN (SELECT record_id FROM service_lost
               WHERE client_id = %(client)s AND day >= %(first)s AND day < %(after)s AND record_id IS NOT NULL)
 ORDER BY begins_at LIMIT 1000

-- name: service_months
-- What became of a client's messages, month by month.
SELECT date_trunc('month', day)::date AS month, verdict, sum(messages)::bigint FROM service_day
 WHERE client_id = %(client)s AND day >= %(first)s
 GROUP BY 1, 2 ORDER BY 1 DESC

-- name: service_evidence
-- Some lost points of a month, of one reason or of all, the newest first: ids are in the order of days.
SELECT message_id, purpose, channel, verdict, reason, due_at, deadline_at, at, record_id, left_at FROM service_lost
 WHERE client_id = %(client)s AND day >= %(first)s AND day <= %(last)s AND message_id < %(before)s
   AND verdict = %(verdict)s AND (%(reason)s = '' OR reason = %(reason)s)
 ORDER BY day DESC, message_id DESC LIMIT %(n)s

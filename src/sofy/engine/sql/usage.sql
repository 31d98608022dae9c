-- name: usage_of_month
-- How many messages and parts became what, by the day in Paris on which they were handed over, or came to their end without
-- that; nothing of what waits has a day. Messages are found by the stretch in which they were accepted, which their ids tell.
-- Those that nobody took are `refused`. Which of all that is invoiced is decided elsewhere. (With a limit: states are found
-- one by one, by their keys, whatever the planner believes.)
SELECT (coalesce(s.submitted_at, s.final_at, CASE WHEN s.rank > 10 THEN s.updated_at END) AT TIME ZONE 'Europe/Paris')::date
           AS day,
       m.channel, m.purpose, coalesce(m.destination, '') AS destination, m.establishment_id,
       CASE WHEN s.submitted_at IS NOT NULL OR s.rank IN (10, 90) THEN s.status ELSE 'refused' END AS status,
       CASE WHEN s.submitted_at IS NULL AND s.rank > 10 THEN coalesce(s.reason, '') ELSE '' END AS reason,
       m.answers IS NULL AS template,
       count(*) AS messages, sum(CASE WHEN m.channel = 'sms' THEN m.parts ELSE 1 END)::bigint AS units,
       min(s.submitted_at) AS first_at, min(s.accepted_at) AS accepted_at
  FROM engine_message m
 CROSS JOIN LATERAL (SELECT * FROM engine_state WHERE client_id = %(client)s AND message_id = m.id LIMIT 1) s
 WHERE m.client_id = %(client)s AND m.id >= %(after)s AND m.id < %(before)s
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8

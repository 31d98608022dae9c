-- name: usage_of_month
-- How many messages and parts became what, by the day in Paris on which they were handed over, or came to their end without
-- that; nothing of what waits has a day. Messages are found by the stretch in which they were accepted, which their ids tell.
-- Those that nobody took are `refused`. Which of all that is invoiced is decided elsewhere. (Both tables are read by the same
-- stretch of their keys, once: whoever asks turns nested loops off, which old statistics would make it choose.)
SELECT (coalesce(s.submitted_at, s.final_at, CASE WHEN s.rank > 10 THEN s.updated_at END) AT TIME ZONE 'Europe/Paris')::date
           AS day,
       m.channel, m.purpose, coalesce(m.destination, '') AS destination, m.establishment_id,
       CASE WHEN s.submitted_at IS NOT NULL OR s.rank IN (10, 90) THEN s.status ELSE 'refused' END AS status,
       CASE WHEN s.submitted_at IS NULL AND s.rank > 10 THEN coalesce(s.reason, '') ELSE '' END AS reason,
       m.answers IS NULL AS template,
       count(*) AS messages, sum(CASE WHEN m.channel = 'sms' THEN m.parts ELSE 1 END)::bigint AS units,
       min(s.submitted_at) AS first_at, min(s.accepted_at) AS accepted_at
  FROM engine_message m
  JOIN engine_state s ON s.client_id = m.client_id AND s.message_id = m.id
 WHERE m.client_id = %(client)s AND m.id >= %(after)s AND m.id < %(before)s
   AND s.client_id = %(client)s AND s.message_id >= %(after)s AND s.message_id < %(before)s
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8

-- What the detector of fraud asks each second is found without reading what it knows already.

create index engine_event_news on engine_event (client_id, at)
    where contact_id is null and kind = any ('{converted,delivered,failed}'::text[]);
comment on index engine_event_news is 'What became of messages of programs since the last look: codes used, receipts';

create index fraud_suspicion_released on fraud_suspicion (closed_at) where state = 'released';

-- A message costs the ledger one event where its receipt came before it was written, and one entry less in the indexes:
-- what happened to a message of a contact is found by the contact.

alter table engine_event add column submitted_at timestamptz;
comment on column engine_event.submitted_at is
    'Filled where the message was handed over with the same write: the event stands for that step too';

drop index engine_event_contact;
create index engine_event_contact on engine_event (client_id, contact_id, message_id);
drop index engine_event_message;
create index engine_event_message on engine_event (client_id, message_id) where contact_id is null or message_id is null;

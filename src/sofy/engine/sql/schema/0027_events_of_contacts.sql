-- Events of messages to nobody in particular, as programs send them, are found by their message: in the index by contact
-- they were so many entries that no statement looks at.

drop index engine_event_contact;
create index engine_event_contact on engine_event (client_id, contact_id, message_id) where contact_id is not null;

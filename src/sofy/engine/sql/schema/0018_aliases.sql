-- People whom a channel names in two ways, by a number and by an identity of its own; and when they wrote to us.

create table engine_alias (
    client_id       uuid not null,
    identity_index  bytea not null,
    recipient_index bytea not null,
    person_index    bytea not null,
    number_index    bytea,
    at              timestamptz not null,
    primary key (client_id, identity_index, recipient_index)
) with (fillfactor = 90);
comment on table engine_alias is
    'One person under two names: who says no under one of them has said it under both. person_index and number_index are under the platform key, the others under the client''s.';
create index engine_alias_recipient on engine_alias (client_id, recipient_index);
create index engine_alias_person on engine_alias (person_index);

alter table engine_alias enable row level security;
alter table engine_alias force row level security;
revoke all on engine_alias from sofy_web, sofy_staff;
grant select, insert, update, delete on engine_alias to sofy_engine;
create policy engine_alias_engine on engine_alias to sofy_engine using (true) with check (true);

alter table engine_inbound add column written_at timestamptz;
comment on column engine_inbound.written_at is
    'when the person wrote it, as the channel says; empty: no message, but a wish told by a means of the channel';
update engine_inbound set written_at = at where channel = 'whatsapp';

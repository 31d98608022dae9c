-- A message may be wanted on its day only; who wrote before outlives who writes now; parts of long answers are kept.

alter table engine_message add column expires_at timestamptz;
comment on column engine_message.expires_at is 'The message is worth nothing from then on: it is withheld. Empty: it waits for as long as it must';

alter table mo_lookup
    add column displaced_by           uuid,
    add column before_client_id       uuid,
    add column before_message_id      uuid,
    add column before_contact_id      uuid,
    add column before_campaign_id     uuid,
    add column before_recipient_index bytea,
    add column before_at              timestamptz;
comment on column mo_lookup.displaced_by is
    'The message of client_id that took the row from another client, whose row the columns before_* keep';

create table engine_inbound_part (
    route_id    uuid not null,
    message_key bytea not null,
    part        smallint not null,
    id          uuid not null,
    payload     bytea not null,
    at          timestamptz not null,
    primary key (route_id, message_key, part)
);
comment on table engine_inbound_part is
    'Parts of long messages from phones whose other parts are still to come. Key and payload are under the platform keys.';
create index engine_inbound_part_at on engine_inbound_part (at);

alter table engine_inbound_part enable row level security;
alter table engine_inbound_part force row level security;
revoke all on engine_inbound_part from sofy_web, sofy_staff;
grant select, insert, update, delete on engine_inbound_part to sofy_engine;
create policy engine_inbound_part_engine on engine_inbound_part to sofy_engine using (true) with check (true);

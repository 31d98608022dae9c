-- How many messages reached the gateways of operators in time (CGVU 28): counted from what the ledger says, as often as
-- one likes, client by client and day by day.

alter table engine_message add column due_at timestamptz;
comment on column engine_message.due_at is 'Not before this moment; empty: at once';

alter table gate_campaign add column pauses timestamptz[] not null default '{}';
comment on column gate_campaign.pauses is 'When it was paused, resumed, paused again...';

create table service_record (
    id           uuid primary key,
    kind         text not null check (kind in ('outage', 'maintenance')),
    party        text not null,
    channel      text check (channel in ('sms', 'rcs', 'whatsapp', 'email')),
    route_id     uuid,
    begins_at    timestamptz not null,
    ends_at      timestamptz not null check (ends_at > begins_at),
    announced_at timestamptz,
    proof        text not null check (proof <> ''),
    noted_at     timestamptz not null,
    noted_by     text not null,
    withdrawn_at timestamptz,
    withdrawn_by text,
    check (kind = 'outage' or announced_at is not null)
);
comment on table service_record is
    'Outages of others and announced maintenance, dated: without such a row nothing is excluded. Withdrawn, never deleted.';
comment on column service_record.channel is 'Which channel was down; empty: all of them';
comment on column service_record.route_id is 'Which way only, when the channel has others; empty: every way of the channel';

create table service_slice (
    client_id  uuid not null,
    day        date not null,
    counted_at timestamptz,
    again_at   timestamptz,
    primary key (client_id, day)
);
comment on table service_slice is 'Days (Paris) that were counted, and when they are to be counted again; empty: nothing in them can change any more';
create index service_slice_again on service_slice (client_id, again_at) where again_at is not null;

create table service_day (
    client_id uuid not null,
    day       date not null,
    purpose   text not null,
    channel   text not null,
    verdict   text not null check (verdict in ('reached', 'withheld', 'lost', 'excluded', 'open')),
    reason    text not null,
    messages  integer not null,
    primary key (client_id, day, purpose, channel, verdict, reason)
);
comment on table service_day is 'Messages of a client accepted on a day, by what became of their deadline and why';

create table service_lost (
    client_id   uuid not null,
    day         date not null,
    message_id  uuid not null,
    purpose     text not null,
    channel     text not null,
    verdict     text not null check (verdict in ('lost', 'excluded')),
    reason      text not null,
    due_at      timestamptz not null,
    deadline_at timestamptz,
    at          timestamptz not null,
    record_id   uuid,
    primary key (client_id, day, message_id)
);
comment on table service_lost is 'Each lost point with its evidence, and those that a dated record excuses';
comment on column service_lost.at is 'When it was lost: the deadline, or the refusal before it';

do $$
declare t text;
begin
    foreach t in array array['service_record', 'service_slice', 'service_day', 'service_lost'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff, sofy_engine', t);
        execute format($p$create policy %I on %I to sofy_staff using (current_setting('sofy.staff', true) = 'on')
            with check (current_setting('sofy.staff', true) = 'on')$p$, t || '_staff', t);
        execute format('grant select on %I to sofy_staff, sofy_engine', t);
    end loop;
    foreach t in array array['service_slice', 'service_day', 'service_lost'] loop
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format('grant select, insert, update, delete on %I to sofy_web', t);
    end loop;
end $$;
create policy service_record_engine on service_record to sofy_engine using (true) with check (true);
create policy service_record_catalogue on service_record for select to sofy_web using (true);
grant select on service_record to sofy_web;
grant insert, update (withdrawn_at, withdrawn_by) on service_record to sofy_staff;
grant update (again_at) on service_slice to sofy_staff;

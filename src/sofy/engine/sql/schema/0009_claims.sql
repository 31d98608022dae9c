-- What an engine takes leaves the queue: one row says what it holds, where before each message was written anew.

create table engine_claim (
    client_id    uuid not null,
    id           uuid not null,
    lane         text not null check (lane in ('alert', 'marketing')),
    claimed_by   uuid not null,
    lease_until  timestamptz not null,
    due_at       timestamptz not null,
    messages     uuid[] not null,
    attempts     smallint[] not null,
    avoid_routes uuid[] not null,
    primary key (client_id, id)
);
comment on table engine_claim is
    'Messages taken from the queue together by the engine instance claimed_by. It holds those whose state still waits.';
comment on column engine_claim.due_at is 'When they were taken: they are due since, should they go back';
comment on column engine_claim.attempts is 'Of each message, as in engine_queue; avoid_routes too';
create index engine_claim_by on engine_claim (claimed_by);
create index engine_claim_lease on engine_claim (lease_until);

-- Rows that engines hold while the product is brought up to date; the owner sees them for as long.
alter table engine_queue no force row level security;
insert into engine_claim (client_id, id, lane, claimed_by, lease_until, due_at, messages, attempts, avoid_routes)
select client_id, gen_random_uuid(), lane, claimed_by, coalesce(max(lease_until), '-infinity'), max(due_at),
       array_agg(message_id), array_agg(attempt), array_agg(avoid_route)
  from engine_queue where claimed_by is not null group by client_id, lane, claimed_by;
delete from engine_queue where claimed_by is not null;
alter table engine_queue force row level security;

drop index engine_queue_due;
drop index engine_queue_claimed;
alter table engine_queue drop column claimed_by, drop column lease_until;
create index engine_queue_due on engine_queue (client_id, lane, due_at);
comment on table engine_queue is 'Messages that wait for an engine. What one takes goes to engine_claim.';

alter table engine_claim enable row level security;
alter table engine_claim force row level security;
revoke all on engine_claim from sofy_web, sofy_staff;
grant select, insert, update, delete on engine_claim to sofy_engine;
create policy engine_claim_engine on engine_claim to sofy_engine using (true) with check (true);

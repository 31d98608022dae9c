-- SMPP accounts of clients' own software, their binds, and the parts of long messages that wait for the others.

create table gate_smpp_account (
    client_id   uuid not null,
    id          uuid not null,
    name        text not null,
    hint        text not null,
    purpose     text not null check (purpose in ('marketing', 'alert')),
    password    text not null,
    networks    cidr[] not null default '{}',
    senders     text[] not null default '{}',
    max_binds   smallint not null default 5 check (max_binds between 1 and 100),
    per_s       integer not null default 100 check (per_s between 1 and 100000),
    language    text not null default 'fr' check (language in ('fr', 'en')),
    created_at  timestamptz not null,
    disabled_at timestamptz,
    primary key (client_id, id)
);
comment on table gate_smpp_account is 'SMPP accounts: one purpose each, set by staff. The same id in gate_endpoint says that it is told things.';
comment on column gate_smpp_account.hint is 'The last characters of the system id, by which people know it';
comment on column gate_smpp_account.password is 'Its Argon2 hash';
comment on column gate_smpp_account.networks is 'From where it may bind; empty: from anywhere';
comment on column gate_smpp_account.senders is 'The registered names it may show, the first when it names none; empty: all of the client';
comment on column gate_smpp_account.per_s is 'How many submits each process takes in a second';

create table gate_smpp_login (
    digest     bytea primary key,
    client_id  uuid not null,
    account_id uuid not null
);
comment on table gate_smpp_login is 'Whose a system id is: SHA-256 of it. Who binds has not said yet which client it is.';

create table smpp_bind (
    client_id   uuid not null,
    account_id  uuid not null,
    id          uuid not null,
    process     uuid not null,
    kind        text not null check (kind in ('transmitter', 'receiver', 'transceiver')),
    peer        inet,
    since       timestamptz not null,
    lease_until timestamptz not null,
    primary key (client_id, account_id, id)
) with (fillfactor = 50);
comment on table smpp_bind is 'Binds that are open now: they count until lease_until, by the clock of the database.';

create table smpp_part (
    client_id  uuid not null,
    account_id uuid not null,
    id         uuid not null,
    long_key   bytea,
    part       smallint not null check (part between 1 and 255),
    parts      smallint not null check (parts between 1 and 255),
    receipt    smallint not null default 0,
    message_id uuid,
    ended      text,
    payload    bytea,
    at         timestamptz not null,
    primary key (client_id, account_id, id, part)
) with (fillfactor = 80);
comment on table smpp_part is
    'Ids that stand for less or for more than a message: parts of a long one, which wait (payload) until they make one; and all that a submit_multi made.';
comment on column smpp_part.long_key is 'Which long message, under the client key: addresses, reference, number of parts; none: a submit_multi, whose part is its destination';
comment on column smpp_part.receipt is 'As in engine_state';
comment on column smpp_part.ended is 'Why it makes no message: a receipt says so';
create unique index smpp_part_waits on smpp_part (client_id, account_id, long_key, part) where message_id is null and ended is null;
create index smpp_part_message on smpp_part (client_id, message_id) where message_id is not null;
create index smpp_part_age on smpp_part using brin (at);

do $$
declare t text;
begin
    foreach t in array array['gate_smpp_account', 'gate_smpp_login', 'smpp_bind', 'smpp_part'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
    end loop;
    foreach t in array array['gate_smpp_account', 'smpp_bind'] loop
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format($p$create policy %I on %I to sofy_staff using (current_setting('sofy.staff', true) = 'on')
            with check (current_setting('sofy.staff', true) = 'on')$p$, t || '_staff', t);
        execute format('grant select on %I to sofy_staff', t);
    end loop;
end $$;

-- A client sees its accounts, and who is bound; never what opens them. Staff alone write them.
grant select (client_id, id, name, hint, purpose, networks, senders, max_binds, per_s, language, created_at, disabled_at)
    on gate_smpp_account to sofy_web;
grant select on smpp_bind to sofy_web;
grant insert, update on gate_smpp_account to sofy_staff;
grant insert on gate_smpp_login to sofy_staff;
create policy gate_smpp_login_staff on gate_smpp_login to sofy_staff
    using (current_setting('sofy.staff', true) = 'on') with check (current_setting('sofy.staff', true) = 'on');
grant select, insert, update on gate_endpoint to sofy_staff;
create policy gate_endpoint_staff on gate_endpoint to sofy_staff
    using (current_setting('sofy.staff', true) = 'on' and kind = 'smpp')
    with check (current_setting('sofy.staff', true) = 'on' and kind = 'smpp');

grant select, update on gate_smpp_account to sofy_engine;
grant select on gate_smpp_login to sofy_engine;
grant select, insert, update, delete on smpp_bind, smpp_part to sofy_engine;

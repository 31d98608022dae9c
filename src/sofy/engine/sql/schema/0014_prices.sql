-- What messages cost, by which of several routes they leave, and how routes do.

create table price_network (
    prefix  text primary key check (prefix ~ '^[1-9][0-9]{0,14}$'),
    country text not null check (country ~ '^[A-Z]{2}$'),
    network text not null default ''
);
comment on table price_network is
    'Whose numbers begin with what (E.164 digits): the longest prefix wins. Without a row the country code says the country. Numbers keep their prefix when people change operator: the network is an assumption.';

create table price_purchase (
    id         uuid primary key,
    route_id   uuid not null references engine_route (id) on delete cascade,
    channel    text not null,
    country    text not null default '' check (country ~ '^([A-Z]{2})?$'),
    network    text not null default '' check (network = '' or country <> ''),
    price_eur  numeric(12, 6) not null check (price_eur >= 0),
    valid_from date not null,
    created_at timestamptz not null
);
comment on table price_purchase is 'What a route costs us per part from a date on. Never changed: a later row is in force instead.';
comment on column price_purchase.country is 'empty: everywhere; network empty: every network';
create index price_purchase_route on price_purchase (route_id);

create table price_sale (
    id         uuid primary key,
    client_id  uuid,
    channel    text not null,
    purpose    text not null default '' check (purpose in ('', 'marketing', 'alert')),
    country    text not null default '' check (country ~ '^([A-Z]{2})?$'),
    network    text not null default '' check (network = '' or country <> ''),
    price_eur  numeric(12, 6) not null check (price_eur >= 0),
    valid_from date not null,
    created_at timestamptz not null
);
comment on table price_sale is
    'What a part costs a client from a date on, on the calendar of Paris. Never changed: a later row is in force instead.';
comment on column price_sale.client_id is 'whose order form says so; empty: the list, for those whose order form says nothing';
create index price_sale_client on price_sale (client_id);

alter table engine_message add column destination text;
comment on column engine_message.destination is
    'Country of the number, and its network when a prefix names one, as FR or FR/name: what the price of its hand-over is found by';

alter table engine_route
    add column weight smallint not null default 100 check (weight between 0 and 1000),
    add column countries text[] not null default '{}',
    add column prefixes text[] not null default '{}',
    add column sender_policy text not null default 'any' check (sender_policy in ('any', 'listed', 'short_code')),
    add column senders text[] not null default '{}';
comment on column engine_route.weight is 'Its share among routes that cost the same; 0: only when no other has room';
comment on column engine_route.countries is 'Where it may send; empty: everywhere. prefixes (E.164 digits): the same by number';
comment on column engine_route.sender_policy is
    'any: every sender; listed: those of senders only; short_code: names are replaced by the short code of the route';

alter table engine_route_health
    add column delivered integer not null default 0,
    add column failed integer not null default 0,
    add column codes jsonb not null default '{}',
    add column factor real not null default 1;
comment on column engine_route_health.factor is 'What its failures leave of its share';
comment on column engine_route_health.codes is 'Why the supplier refused, or did not deliver, and how often';

create table engine_route_quality (
    route_id    uuid not null,
    at          timestamptz not null,
    country     text not null,
    instance_id uuid not null,
    delivered   integer not null,
    in_time     integer not null,
    failed      integer not null,
    primary key (route_id, at, country, instance_id)
);
comment on table engine_route_quality is
    'Receipts of five minutes by route and country, kept for a day: what a route delivers, and what of it within a minute.';

alter table engine_state add column resend smallint not null default 0 check (resend between 0 and 2);
comment on column engine_state.resend is
    'An alert that its route did not deliver: 1 waits to leave by another one, 2 left by it. Its status never moves back.';

do $$
declare t text;
begin
    foreach t in array array['price_network', 'price_purchase', 'price_sale', 'engine_route_quality'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
        execute format('grant select on %I to sofy_engine, sofy_staff', t);
        execute format('create policy %I on %I to sofy_engine using (true) with check (true)', t || '_engine', t);
        execute format($p$create policy %I on %I to sofy_staff using (current_setting('sofy.staff', true) = 'on')
            with check (current_setting('sofy.staff', true) = 'on')$p$, t || '_staff', t);
    end loop;
end $$;
grant insert, update, delete on engine_route_quality to sofy_engine;
grant insert, update, delete on price_network to sofy_staff;
grant insert on price_purchase, price_sale to sofy_staff;
grant select on price_network, price_sale to sofy_web;
create policy price_network_all on price_network for select to sofy_web using (true);
create policy price_sale_client on price_sale for select to sofy_web
    using (client_id is null or client_id = nullif(current_setting('sofy.client_id', true), '')::uuid);

-- What a client has to know of the routes of e-mails: where its domain points, and nothing of how a route is reached.

alter table engine_route add column mail_dns text generated always as (
    case when connector = 'email_smtp' and coalesce(config ->> 'dkim_selector', '') <> '' then
        (config ->> 'dkim_selector') || ' ' || coalesce(config ->> 'dkim_domain', '') || ' '
        || coalesce(config ->> 'envelope_domain', '')
    end
) stored;
comment on column engine_route.mail_dns is 'Of e-mail: DKIM selector, domain the key is published at, domain mails come back to';
grant select (mail_dns) on engine_route to sofy_web;

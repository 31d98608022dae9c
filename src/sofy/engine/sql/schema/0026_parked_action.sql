-- A receipt nobody can place yet keeps what its connector says it calls for: an alert leaves by another route all the same.

alter table receipt_parked add column action text not null default '';
comment on column receipt_parked.action is 'What the supplier''s code calls for (connectors.base.Action); empty: nothing';

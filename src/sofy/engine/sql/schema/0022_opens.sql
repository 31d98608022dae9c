-- What somebody allows beside messages: that their openings of e-mails are told from those of everybody. The gate never
-- asks for it; it stands here because the ledger keeps one word per person, channel and purpose, and tells all of them.
alter table gate_permission drop constraint gate_permission_purpose_check;
alter table gate_permission add constraint gate_permission_purpose_check
    check (purpose in ('marketing', 'alert', 'opens', 'all'));

"""What each login may see and write, compared with the whole catalogue: one policy or one right too many fails here."""

import re

WEB, STAFF, ENGINE, OWNER = "sofy_web", "sofy_staff", "sofy_engine", "sofy_owner"

CLIENT = "(NULLIF(current_setting('sofy.client_id'::text, true), ''::text))::uuid"
USER = "(NULLIF(current_setting('sofy.user_id'::text, true), ''::text))::uuid"
OWN = f"(client_id = {CLIENT})"
IN_STAFF_SCOPE = "(current_setting('sofy.staff'::text, true) = 'on'::text)"
MEMBER = (
    "(id IN ( SELECT clients_membership.client_id FROM clients_membership"
    f" WHERE (clients_membership.user_id = {USER})))"
)
VISITOR = (
    "(id IN ( SELECT clients_supportvisit.client_id FROM clients_supportvisit"
    f" WHERE ((clients_supportvisit.user_id = {USER}) AND (clients_supportvisit.ended_at IS NULL))))"
)

Policy = tuple[str, str, str, str]
"""Role, command, which rows are seen, which may be written."""

#: A table of a client: its own rows in its own transaction, and everybody's on the staff login inside its scope.
ORDINARY: set[Policy] = {
    (WEB, "ALL", OWN, OWN),
    (STAFF, "ALL", IN_STAFF_SCOPE, IN_STAFF_SCOPE),
    (STAFF, "SELECT", IN_STAFF_SCOPE, ""),
}

#: Tables of the engine that belong to no client. Its login bypasses policies; these say so in words.
OF_THE_ENGINE = {
    *("engine_claim", "engine_inbound_part", "engine_instance", "engine_route", "engine_route_health", "mo_lookup"),
    *("engine_alias", "engine_capability"),
    *("engine_callback", "engine_ladder", "engine_ladder_step", "engine_request", "engine_request_log"),
    *("engine_route_quality", "price_network", "price_purchase", "price_sale"),
    *("fraud_safe", "fraud_setting"),
    *("platform_suppression", "receipt_key", "receipt_parked"),
}

#: What a function that runs as the owner looks at for everybody. The functions answer ids, or delete what is overdue.
FOR_FUNCTIONS_OF_THE_OWNER: dict[str, set[Policy]] = {
    "audience_book": {(OWNER, "SELECT", "true", "")},  # whose books have something to forget
    "audience_contact": {(OWNER, "SELECT", "true", "")},  # which clients have contacts
    "audience_consent_event": {(OWNER, "SELECT", "true", ""), (OWNER, "DELETE", "true", "")},  # proof that is overdue
    "audience_consent_state": {(OWNER, "SELECT", "true", ""), (OWNER, "DELETE", "true", "")},
    "audience_identity": {(OWNER, "SELECT", "true", "")},  # whose proof is still needed
    "gate_permission": {(OWNER, "SELECT", "true", ""), (OWNER, "DELETE", "(state <> 'opposed'::text)", "")},
    "kit_outbox": {(OWNER, "SELECT", "true", "")},  # which clients wait
    "soreach_campaign": {(OWNER, "SELECT", "true", "")},  # which clients have work now
    "soreach_openimage": {(OWNER, "SELECT", "true", "")},  # nor does the address of an image
    "soreach_shortlink": {(OWNER, "SELECT", "true", "")},  # a short address names no client
    "soreach_trackedlink": {(OWNER, "SELECT", "true", "")},
}

#: Everything else, with its reason.
EXCEPTIONS: dict[str, set[Policy]] = {
    # What excuses lost points is shown to every client: it is about no client.
    "service_record": {(ENGINE, "ALL", "true", "true"), (WEB, "SELECT", "true", "")},
    # The client itself: its key is what others call client_id. Its members and visitors find it before choosing it.
    "clients_client": {
        (WEB, "ALL", f"(id = {CLIENT})", f"(id = {CLIENT})"),
        (WEB, "SELECT", f"({MEMBER} OR {VISITOR})", ""),
    },
    # A person finds the clients they belong to, and staff those it visits.
    "clients_membership": {(WEB, "SELECT", f"(user_id = {USER})", "")},
    "clients_supportvisit": {(WEB, "SELECT", f"(user_id = {USER})", "")},
    # Routes are offered to every client, by name and price; what connects them is a column without a right.
    "engine_route": {(WEB, "SELECT", f"((state <> 'draining'::text) AND ((client_id IS NULL) OR {OWN}))", "")},
    # What operators forbid is the same for every client.
    "messaging_reserved_name": {(WEB, "SELECT", "true", "")},
    # What everybody pays; whose order form says otherwise sees that, too.
    "price_network": {(WEB, "SELECT", "true", "")},
    "price_sale": {(WEB, "SELECT", f"((client_id IS NULL) OR {OWN})", "")},
    # Staff makes SMPP accounts, and what is told to them with them.
    "gate_endpoint": {
        (STAFF, "ALL", f"({IN_STAFF_SCOPE} AND (kind = 'smpp'::text))", f"({IN_STAFF_SCOPE} AND (kind = 'smpp'::text))")
    },
    # The companies of the operator and its terms are shown to every client: they are about no client.
    "contracts_legal_entity": {(WEB, "SELECT", "true", "")},
    "contracts_document": {(WEB, "SELECT", "true", "")},
    "contracts_product_change": {(WEB, "SELECT", "true", "")},
    "contracts_insurance": {(WEB, "SELECT", f"((client_id IS NULL) OR {OWN})", "")},
    # Rates, indices and readings of the terms are about nobody.
    "billing_table": {(WEB, "SELECT", "true", "")},
    # Staff suspends a client.
    "gate_client": {(STAFF, "UPDATE", IN_STAFF_SCOPE, IN_STAFF_SCOPE)},
}


def _normal(expression: str | None) -> str:
    """One spelling: a setting that is read once per statement through a subselect is the same setting."""
    text = re.sub(r"\s+", " ", expression or "")
    return re.sub(r'\( SELECT (\(NULLIF\(.*?\)\)::uuid) AS "nullif"\)', r"\1", text)


def _allowed(table: str) -> set[Policy]:
    of_engine: set[Policy] = {(ENGINE, "ALL", "true", "true")} if table in OF_THE_ENGINE else set()
    return ORDINARY | of_engine | FOR_FUNCTIONS_OF_THE_OWNER.get(table, set()) | EXCEPTIONS.get(table, set())


def test_no_policy_opens_more_than_it_must(engine_db):
    with engine_db.connect("admin") as admin:
        policies = admin.execute(
            "select tablename, policyname, array_to_string(roles, ' '), cmd, qual, with_check from pg_policies"
        ).fetchall()

    unknown = [
        (table, name)
        for table, name, roles, command, seen, written in policies
        if (roles, command, _normal(seen), _normal(written)) not in _allowed(table)
    ]

    assert len(policies) > 100
    assert unknown == []


#: Tables without a policy: no column names a client, and the pages that read them ask by the person who is logged in.
WITHOUT_POLICIES = {
    *("account_emailaddress", "account_emailconfirmation", "accounts_cache", "accounts_user", "mfa_authenticator"),
    *("auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations"),
    *("django_session", "usersessions_usersession"),
    *("procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers"),
}


def test_tables_without_policies_are_known_by_name(engine_db):
    with engine_db.connect("admin") as admin:
        found = {
            name
            for (name,) in admin.execute(
                "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
                " and not (relrowsecurity and relforcerowsecurity)"
            )
        }

    assert found == WITHOUT_POLICIES


#: Select, insert, update, delete of sofy_web, sofy_staff and sofy_engine. A room's own table is open to the first two
#: under its policies, and closed to the engine; every other one is listed with what it is for.
ORDINARY_RIGHTS = ("siud", "siud", "")
RIGHTS = {
    # written once, by whoever acts: nobody who serves people changes or removes it
    "kit_audit": ("si", "si", ""),
    "kit_audit_head": ("siu", "siu", ""),  # moves on with the chain
    "audience_consent_event": ("si", "si", ""),
    # written by migrations
    **dict.fromkeys(("django_migrations", "django_content_type", "auth_permission"), ("s", "s", "")),
    # a message and what happened to it: the web hands it over, the engine says the rest
    "engine_message": ("si", "s", "siud"),
    "engine_event": ("si", "s", "siud"),
    "engine_state": ("siu", "s", "siud"),
    "engine_queue": ("siud", "s", "siud"),
    "lane_backlog": ("siu", "s", "siud"),
    "engine_inbound": ("s", "s", "siud"),
    # fraud and misuse: the engine notices, staff decides; a client sees its own, and that it was told is written
    "fraud_suspicion": ("su", "siu", "siud"),
    "gate_misuse": ("su", "su", "siud"),
    # routing success: the worker counts, for each client; staff notes outages, and has days counted again
    "service_slice": ("siud", "su", "s"),
    **dict.fromkeys(("service_day", "service_lost"), ("siud", "s", "s")),
    "service_record": ("s", "siu", "s"),
    "gate_fraud": ("", "siud", "siud"),
    "fraud_safe": ("", "sid", "siud"),
    "fraud_setting": ("", "siu", "siud"),
    # what the gate reads
    "gate_permission": ("siu", "s", "siud"),
    "gate_campaign": ("siu", "s", "siud"),
    "gate_client": ("siu", "su", "siud"),
    "gate_api_key": ("siu", "", "su"),
    "gate_sender": ("sid", "", "s"),
    "gate_establishment": ("siud", "", "s"),
    # further channels of a message, handed over with it; the engine climbs
    "engine_ladder": ("si", "", "siud"),
    "engine_ladder_step": ("si", "", "siud"),
    "engine_callback": ("", "", "siud"),
    # what suppliers said of phones: the engine asks, and a client counts its own before a launch
    "engine_capability": ("s", "", "siud"),
    # what clients' programs asked to be told, and are still to be
    "gate_endpoint": ("siud", "siu", "sud"),
    # SMPP accounts are made by staff alone
    "gate_smpp_account": ("s", "siu", "su"),
    "gate_smpp_login": ("", "i", "s"),
    "smpp_bind": ("s", "s", "siud"),
    "smpp_part": ("", "", "siud"),
    "engine_delivery": ("siud", "", "siud"),
    "engine_notice": ("siud", "", "siud"),
    "gate_template": ("siud", "", "s"),
    # the platform's own
    "platform_suppression": ("", "siud", "siud"),
    "messaging_stopfile": ("", "siud", ""),
    "engine_route": ("s", "siud", "siud"),
    "engine_route_health": ("", "s", "siud"),
    "engine_route_quality": ("", "s", "siud"),
    "engine_instance": ("", "s", "siud"),
    "messaging_reserved_name": ("s", "siud", ""),
    "engine_request_log": ("s", "", "sid"),
    # prices are written once by staff, and a later row is in force instead
    "price_network": ("s", "siud", "s"),
    "price_purchase": ("", "si", "s"),
    "price_sale": ("s", "si", "s"),
    "engine_claim": ("", "", "siud"),
    "engine_request": ("", "", "siud"),
    "engine_inbound_part": ("", "", "siud"),
    "engine_alias": ("", "", "siud"),
    "mo_lookup": ("", "", "siud"),
    "receipt_key": ("", "", "siud"),
    "receipt_parked": ("", "", "siud"),
    # contracts are written by staff; a client reads its own and signs. What was sent or accepted stays as it was.
    "contracts_legal_entity": ("s", "siu", ""),
    "contracts_series": ("", "siu", ""),
    "contracts_document": ("s", "si", ""),
    "contracts_product_change": ("s", "si", ""),
    "contracts_order_form": ("su", "siu", ""),
    "contracts_order_form_version": ("s", "si", ""),
    "contracts_acceptance": ("si", "si", ""),
    "contracts_onboarding": ("si", "siu", ""),
    "contracts_transfer_consent": ("s", "si", ""),
    "contracts_notice": ("siu", "siu", ""),
    "contracts_contact": ("siu", "s", ""),
    **dict.fromkeys(("contracts_insurance", "contracts_quota_drift"), ("s", "siu", "")),
    # what happened to contracts and what was issued is written once; of an invoice, only what was rendered comes later
    "billing_event": ("s", "si", ""),
    "dunning_act": ("", "si", ""),
    "dunning_link": ("su", "si", ""),
    "dunning_standing": ("", "siu", ""),
    "billing_table": ("s", "si", ""),
    **dict.fromkeys(("billing_invoice", "billing_problem"), ("s", "siu", "")),
    **dict.fromkeys(("billing_series", "billing_run"), ("", "siu", "")),
    # what a bank said is written once, what was made of it later; a client sees its own mandates and debits
    **dict.fromkeys(("treasury_mandate", "treasury_debit"), ("s", "siu", "")),
    **dict.fromkeys(("treasury_account", "treasury_file", "treasury_entry"), ("", "siu", "")),
    **dict.fromkeys(("treasury_question", "treasury_batch"), ("", "siu", "")),
    # usage is counted anew as often as one likes; what was told to a contract only grows
    "billing_usage": ("s", "sid", ""),
    "billing_usage_month": ("s", "siu", ""),
    "billing_usage_told": ("s", "siu", ""),
    # books are worked out and read by staff's login alone
    **dict.fromkeys(("accounting_booked", "accounting_due", "accounting_sale", "accounting_health"), ("", "siud", "")),
    **dict.fromkeys(("accounting_chart", "accounting_mailbox"), ("", "siu", "")),
    **dict.fromkeys(("accounting_deposit", "accounting_said"), ("s", "siu", "")),
    # a visit is begun and ended by staff; whose client it is may see it
    "clients_supportvisit": ("s", "siud", ""),
    # the engine tells the rooms, and reads nothing there
    "kit_outbox": ("siud", "siud", "i"),
}


def test_no_login_has_a_right_more_than_it_must(engine_db):
    with engine_db.connect("admin") as admin:
        found = admin.execute(
            """select c.relname, r.rolname,
                      concat(case when has_any_column_privilege(r.oid, c.oid, 'select') then 's' end,
                             case when has_any_column_privilege(r.oid, c.oid, 'insert') then 'i' end,
                             case when has_any_column_privilege(r.oid, c.oid, 'update') then 'u' end,
                             case when has_table_privilege(r.oid, c.oid, 'delete') then 'd' end,
                             case when has_table_privilege(r.oid, c.oid, 'truncate') then ' truncate' end)
                 from pg_class c cross join pg_roles r
                where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace = 'public'::regnamespace
                  and r.rolname = any(%s)""",
            [[WEB, STAFF, ENGINE]],
        ).fetchall()

    wrong = {}
    for table, role, rights in found:
        if rights != RIGHTS.get(table, ORDINARY_RIGHTS)[(WEB, STAFF, ENGINE).index(role)]:
            wrong[table, role] = rights

    assert {table for table, *_ in found} >= set(RIGHTS)
    assert wrong == {}


def test_what_connects_a_route_is_hidden_from_clients(engine_db):
    with engine_db.connect("admin") as admin:
        readable = admin.execute(
            "select column_name from information_schema.column_privileges"
            " where grantee = 'sofy_web' and table_name = 'engine_route' and privilege_type = 'SELECT'"
        ).fetchall()

    assert {name for (name,) in readable} == {
        *("id", "code", "name", "channel", "short_code", "purposes", "encodings", "price_eur", "state", "mail_dns"),
        "client_id",
    }

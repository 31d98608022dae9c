"""The look-ups of an import go by their keys, as the role that runs them under row-level security."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from sofy.audience.arrays import ByteaArray, TextArray, UuidArray, cursor
from sofy.audience.imports.apply import BY_KEY_ONLY
from sofy.audience.services import imports, optouts
from sofy.audience.sqlfiles import sql
from sofy.audience.tests.factories import import_rows, make_book, person, write_csv
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock

pytestmark = pytest.mark.django_db


INDEXES = (
    ("find_identities", "identity_once_per_client"),
    ("known_permissions", "gate_permission_pkey"),
    ("known_states", "audience_consent_state_pkey"),
    ("events_known", "audience_consent_event_pkey"),
    ("owners_of", "identity_once_per_client"),
    ("load_contacts", "audience_contact_pkey"),
    ("load_attributes", "audience_contact_attribute_pkey"),
    ("contacts_as_of", "audience_contact_pkey"),
    ("rows_to_undo", "audience_import_row_pkey"),
    ("consents_of_import", "consent_event_identity"),
    ("remove_identities_of", "identity_contact"),
    ("delete_tokens", "audience_name_token_pkey"),
    ("owners_of", "identity_once_per_client"),
    ("remove_identities", "audience_identity_pkey"),
    ("refresh_reach", "audience_contact_pkey"),
    ("refresh_reach", "identity_contact"),
    ("refresh_reach", "audience_consent_state_pkey"),
)


#: A scan of everything a client has; what a list of the platform stops is little, and read once.
WALKS = re.compile(
    r"Index (?:Only )?Scan using \w+ on (?!audience_stopped)[^\n]+\n\s+Index Cond: \(client_id = [^)]+\)(?:\.col1\))?$",
    re.M,
)


@pytest.mark.parametrize("_case", ["a client that is known", "a client that came after the last ANALYZE"])
def test_statements_use_their_index(_case: str, as_client: Any, tmp_path: Path) -> None:
    client = make_client()
    as_client(client)
    book = make_book(client)
    import_rows(
        client, book, tmp_path / "a.csv", *(person(n, town=f"Town {n}", postcode=f"{n + 10000}") for n in range(600))
    )
    cur = cursor()
    cur.execute(BY_KEY_ONLY)
    some = UuidArray.of([uuid4().bytes for _ in range(50)])
    values = {
        "client": client.pk, "indexes": ByteaArray.of([uuid4().bytes for _ in range(50)]), "kind": "phone",
        "since": clock.now(),
        "kinds": TextArray.of(["phone"]), "ids": some, "contacts": some, "import": uuid4(), "below": 10, "limit": 10,
        "now": clock.now(), "tokens": ByteaArray.of([uuid4().bytes[:8] for _ in range(50)]),
    }  # fmt: skip

    cur.execute("SELECT audience_analyze()")
    if "after" in _case:
        as_client(other := make_client())
        values["client"] = other.pk

    plans = {name: "\n".join(row[0] for row in cur.execute("EXPLAIN " + sql(name), values)) for name, _ in INDEXES}

    for name, index in INDEXES:
        assert f"using {index} " in plans[name] or f"on {index} " in plans[name], plans[name][:900]
        assert "Seq Scan on audience" not in plans[name]
        assert not WALKS.search(plans[name]), plans[name]


def test_what_nobody_has_any_more_is_found_in_one_reading_of_young_tables(as_client: Any, tmp_path: Path) -> None:
    client = make_client()
    as_client(client)
    import_rows(client, make_book(client), tmp_path / "a.csv", *(person(n) for n in range(300)))
    cur = cursor()

    plans = {
        name: "\n".join(row[0] for row in cur.execute("EXPLAIN " + sql(name), {**values, "client": client.pk}))
        for name, values in (
            ("forget_stopped", {}),
            ("note_returned", {}),
            ("note_left", {"now": clock.now(), "noted": 10}),
        )
    }

    for name, plan in plans.items():
        assert "SetOp" in plan, name
        assert "Nested Loop" not in plan, plan
        assert "SubPlan" not in plan, plan


@pytest.mark.parametrize("table", ["contact", "identity", "name_token", "membership", "import_row", "consent_state"])
def test_the_client_of_a_new_row_is_checked_once_per_statement_and_checked(as_client: Any, table: str) -> None:
    as_client(make_client())
    columns = {
        "contact": "id", "identity": "id", "name_token": "contact_id", "membership": "contact_id",
        "import_row": "contact_id", "consent_state": "identity_index",
    }  # fmt: skip
    value = "'\\x00'" if table == "consent_state" else "gen_random_uuid()"
    insert = f"INSERT INTO audience_{table} (client_id, {columns[table]}) VALUES (gen_random_uuid(), {value})"
    cur = cursor()

    plan = "\n".join(row[0] for row in cur.execute("EXPLAIN " + insert))

    assert "InitPlan" in plan
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        cur.execute(insert)


def test_the_database_knows_a_client_after_its_people_and_its_opt_outs_came_in(
    as_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "KNOWN_ROWS", 10)
    as_client(client := make_client())
    people = [person(n) for n in range(20)]
    import_rows(client, make_book(client), tmp_path / "a.csv", *people)
    with write_csv(tmp_path / "out.csv", *((each[3],) for each in people), header=("Téléphone",)).open("rb") as content:
        optouts.start(client_id=client.pk, content=content, source="old tool", actor="test")

    known = cursor().execute(
        "SELECT relname, reltuples FROM pg_class WHERE relname IN ('audience_contact', 'audience_suppression')"
    )

    assert dict(known.fetchall()) == {"audience_contact": 20, "audience_suppression": 20}

"""Files into books: counts, consent, duplicates, bad rows."""

import csv
import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sofy.audience.imports.errors import error_file
from sofy.audience.models import (
    Book,
    ConsentEvent,
    ConsentState,
    Contact,
    ContactAttribute,
    Identity,
    Import,
    ImportRow,
    Membership,
    NameToken,
    Reach,
)
from sofy.audience.services.imports import import_file, preview, store_upload
from sofy.audience.tests.factories import HEADER, import_rows, make_book, person, write_csv
from sofy.clients.models import Client, Establishment
from sofy.clients.tests.factories import make_client
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_client: Any) -> Client:
    made = make_client()
    as_client(made)
    return made


@pytest.fixture
def book(client: Client) -> Book:
    return make_book(client)


def gate(client: Client) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT recipient_index, state FROM gate_permission WHERE client_id = %s", [client.pk])
        return {bytes(index).hex(): state for index, state in cursor.fetchall()}


def gate_of(client: Client, phone: str) -> str | None:
    return gate(client).get(keys_for(client.pk).index("phone", phone).hex())


def test_import_stores_people(client: Client, book: Book, tmp_path: Path) -> None:
    result = import_rows(client, book, tmp_path / "a.csv", person(1), person(2, consent="non"), person(3, consent=""))

    assert (result.imported, result.updated, result.rejected, result.reachable_sms) == (3, 0, 0, 1)
    first = Contact.objects.get(client_id=client.pk, sms=Reach.REACHABLE)
    assert (first.first_name, first.last_name, first.title, first.town_key) == ("Élodie", "Sœur", "mrs", "paris")
    phone = Identity.objects.get(client_id=client.pk, contact_id=first.id, kind="phone")
    assert (phone.value, phone.mobile) == ("+33639980001", True)
    assert Contact.objects.filter(client_id=client.pk, sms=Reach.OPTED_OUT).count() == 1
    assert Contact.objects.filter(client_id=client.pk, sms=Reach.NO_CONSENT).count() == 1
    assert Membership.objects.filter(client_id=client.pk, book_id=book.id).count() == 3
    assert NameToken.objects.filter(client_id=client.pk, contact_id=first.id).count() == 5  # elo elodi elodie soe soeur
    assert gate_of(client, "+33639980001") == "granted"
    assert gate_of(client, "+33639980002") == "withdrawn"
    assert gate_of(client, "+33639980003") is None


def test_events_say_where_they_come_from(client: Client, book: Book, tmp_path: Path) -> None:
    result = import_rows(client, book, tmp_path / "a.csv", person(1), consent_text="I agree to receive SMS.")

    event = ConsentEvent.objects.get(client_id=client.pk)

    assert (event.source, event.line, event.import_id, event.detail) == (
        "import",
        2,
        result.import_id,
        "loyalty card form",
    )
    assert event.text_hash is not None


def test_a_bad_row_imports_the_others(client: Client, book: Book, tmp_path: Path) -> None:
    rows = [person(1), person(2, phone="inconnu", email=""), person(3, phone="", email=""), person(4, phone="12")]

    result = import_rows(client, book, tmp_path / "a.csv", *rows)

    assert (result.imported, result.updated, result.rejected) == (2, 0, 2)
    assert result.warnings == {"phone_letters": 1, "no_identity": 1, "phone_too_short": 1}
    actions = dict(ImportRow.objects.filter(client_id=client.pk).values_list("row", "action"))
    assert actions == {2: "created", 3: "rejected", 4: "rejected", 5: "created"}


def test_accented_addresses_are_valid(client: Client, book: Book, tmp_path: Path) -> None:
    result = import_rows(client, book, tmp_path / "a.csv", person(1, phone="", email="Élodie.Sœur@exemple.fr"))

    assert result.imported == 1
    assert Identity.objects.get(client_id=client.pk).value == "élodie.sœur@exemple.fr"


def test_the_same_number_in_another_form_is_the_same_person(client: Client, book: Book, tmp_path: Path) -> None:
    rows = [
        person(1, email=""),
        person(1, phone="+33 (0)6 39 98 00 01", email="", town="Évry"),
        person(1, phone="639980001", email="", first="", town=""),
    ]

    result = import_rows(client, book, tmp_path / "a.csv", *rows)

    assert (result.imported, result.updated, result.rejected) == (1, 2, 0)
    contact = Contact.objects.get(client_id=client.pk)
    assert (contact.town, contact.first_name) == ("Évry", "Élodie")  # the last word of the file, blanks change nothing


def test_an_update_adds_identities_and_changes_fields(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, email=""))

    result = import_rows(client, book, tmp_path / "b.csv", person(1, last="Dupré", postcode="1000", title=""))

    assert (result.imported, result.updated) == (0, 1)
    contact = Contact.objects.get(client_id=client.pk)
    assert (contact.last_name, contact.postcode, contact.title) == ("Dupré", "01000", "mrs")
    assert Identity.objects.filter(client_id=client.pk, contact_id=contact.id).count() == 2
    tokens = {bytes(t) for t in NameToken.objects.filter(client_id=client.pk).values_list("token", flat=True)}
    keys = keys_for(client.pk)
    assert keys.index("name", "dupre")[:8] in tokens
    assert keys.index("name", "soeur")[:8] not in tokens


def test_a_row_about_two_contacts_merges_nothing(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, email=""), person(2))

    result = import_rows(client, book, tmp_path / "b.csv", person(1, email="personne2@exemple.fr", last="X"))

    assert (result.imported, result.updated, result.rejected) == (0, 1, 0)
    assert result.warnings == {"matches_two_contacts": 1}
    assert sorted(str(c.last_name) for c in Contact.objects.filter(client_id=client.pk)) == ["Sœur", "Sœur"]


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize(
    ("_case", "words", "state"),
    [
        ("refusal last", ["oui", "non"], "withdrawn"),
        ("refusal first", ["non", "oui"], "withdrawn"),
        ("opposition first", ["stop", "oui", "1"], "opposed"),
        ("opposition beats refusal", ["stop", "0"], "opposed"),
        ("blank is nothing", ["", "x"], "granted"),
    ],
)
def test_refusal_wins_whatever_the_order(
    _case: str, words: list[str], state: str, client: Client, book: Book, tmp_path: Path
) -> None:
    import_rows(client, book, tmp_path / "a.csv", *(person(1, consent=word) for word in words))

    assert ConsentState.objects.get(client_id=client.pk).state == state
    assert Contact.objects.get(client_id=client.pk).sms == (3 if state == "granted" else 4)
    assert gate_of(client, "+33639980001") == state


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_consent_to_whatsapp_and_to_counted_openings_comes_from_its_column_or_is_declared(
    client: Client, book: Book, tmp_path: Path
) -> None:
    header = ("Portable", "E-mail", "Consentement WhatsApp", "Accepte le suivi des ouvertures")
    rows = [("0639980001", "a@exemple.fr", "oui", "oui"), ("0639980002", "b@exemple.fr", "stop", "")]
    keys = keys_for(client.pk)

    checked = import_rows(client, book, tmp_path / "a.csv", *rows, header=header, dry_run=True)
    first = import_rows(client, book, tmp_path / "a.csv", *rows, header=header)
    again = import_rows(client, book, tmp_path / "b.csv", ("0639980003",), header=("Portable",), also=["whatsapp"])
    kept = import_rows(client, book, tmp_path / "c.csv", ("0639980002",), header=("Portable",), also=["whatsapp"])

    said = {
        (bytes(row.identity_index), row.channel, row.purpose): row.state
        for row in ConsentState.objects.filter(client_id=client.pk)
    }
    one, two, three = (keys.index("phone", f"+3363998000{n}") for n in (1, 2, 3))
    assert [said.get((each, "whatsapp", "marketing")) for each in (one, two, three)] == [
        "granted",
        "opposed",
        "granted",
    ]
    assert said[keys.index("email", "a@exemple.fr"), "email", "opens"] == "granted"
    assert (keys.index("email", "b@exemple.fr"), "email", "opens") not in said
    assert (checked.reachable_whatsapp, first.reachable_whatsapp, again.reachable_whatsapp) == (1, 1, 2)
    assert kept.opted_out_kept == 1


def test_what_cannot_be_declared_is_refused(client: Client, book: Book, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="choice_unknown"):
        import_rows(client, book, tmp_path / "a.csv", ("0639980003",), header=("Portable",), also=["fax"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["oui", "non", "", "1", "stop", "x"])), max_size=8),
    cut=st.integers(0, 8),
)
def test_any_order_in_one_file_or_two(words: list[tuple[int, str]], cut: int, client: Client, tmp_path: Path) -> None:
    numbers = 700 + uuid4().int % 9000
    book = make_book(client, uuid4().hex)
    for part in (words[:cut], words[cut:]):
        if part:
            rows = [person(numbers + who, consent=word, email="") for who, word in part]
            import_rows(client, book, tmp_path / f"{uuid4()}.csv", *rows)

    for who in {who for who, _ in words}:
        said = {word for each, word in words if each == who}
        index = keys_for(client.pk).index("phone", f"+3363998{numbers + who:04d}")
        stored = {row.state for row in ConsentState.objects.filter(client_id=client.pk, identity_index=index)}
        before = said | _earlier.setdefault((client.pk, numbers + who), set())
        _earlier[client.pk, numbers + who] = before
        expected = "opposed" if "stop" in before else "withdrawn" if "non" in before else "granted"
        assert stored == ({expected} if before - {""} else set())


_earlier: dict[tuple[Any, int], set[str]] = {}


@pytest.mark.clause("CGVU 17")
def test_a_file_never_lifts_an_opt_out_in_another_form(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, consent="stop"))

    result = import_rows(client, book, tmp_path / "b.csv", person(1, phone="0033 6.39.98.00.01", consent="oui"))

    assert result.opted_out_kept == 1
    assert result.reachable_sms == 0
    assert gate_of(client, "+33639980001") == "opposed"


@pytest.mark.clause("CGVU 17")
def test_a_stop_still_on_its_way_counts(client: Client, book: Book, tmp_path: Path) -> None:
    """The engine has written the gate; the worker has not yet brought the event here."""
    import_rows(client, book, tmp_path / "a.csv", person(1))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gate_permission SET state = 'opposed', since = since + interval '1 second' WHERE client_id = %s",
            [client.pk],
        )

    result = import_rows(client, book, tmp_path / "b.csv", person(1))

    assert result.opted_out_kept == 1
    assert gate_of(client, "+33639980001") == "opposed"


@pytest.mark.clause("DPA 5")
@pytest.mark.parametrize(
    ("_case", "options"),
    [("no basis", {"legal_basis": ""}), ("no source", {"source": " "}), ("neither", {"legal_basis": "", "source": ""})],
)
def test_without_basis_nobody_is_contactable(
    _case: str, options: dict[str, str], client: Client, book: Book, tmp_path: Path
) -> None:
    result = import_rows(client, book, tmp_path / "a.csv", person(1), person(2, consent="non"), **options)

    assert (result.imported, result.reachable_sms) == (2, 0)
    assert gate_of(client, "+33639980001") is None
    assert gate_of(client, "+33639980002") == "withdrawn"  # a refusal counts in any file


def test_a_file_without_consent_column_is_declared_whole(client: Client, book: Book, tmp_path: Path) -> None:
    rows = [("Zoé", "0639980001", "zoe@exemple.fr")]

    result = import_rows(client, book, tmp_path / "a.csv", *rows, header=("Prénom", "Portable", "E-mail"))

    assert (result.reachable_sms, result.reachable_email) == (1, 1)


def test_an_opt_out_column_means_the_contrary(client: Client, book: Book, tmp_path: Path) -> None:
    rows = [("0639980001", "oui"), ("0639980002", "non"), ("0639980003", "")]

    result = import_rows(client, book, tmp_path / "a.csv", *rows, header=("Portable", "STOP SMS"))

    assert result.reachable_sms == 2
    assert gate_of(client, "+33639980001") == "opposed"


def test_own_columns_become_typed_attributes(client: Client, book: Book, tmp_path: Path) -> None:
    header = ("Portable", "Points fidélité", "Carte", "Dernier achat", "VIP", "Conjoint")
    rows = [
        ("0639980001", "1 250,50", "Gold", "03/11/2026", "oui", "Jean Petit"),
        ("0639980002", "12", "Silver", "04/11/2026", "non", "Zoé Roux"),
    ]

    import_rows(client, book, tmp_path / "a.csv", *rows, header=header)

    first = Identity.objects.get(client_id=client.pk, index=keys_for(client.pk).index("phone", "+33639980001"))
    found = {a.name: a for a in ContactAttribute.objects.filter(client_id=client.pk, contact_id=first.contact_id)}
    assert float(found["points_fidelite"].number or 0) == 1250.5
    assert found["carte"].text == "Gold"
    assert str(found["dernier_achat"].date) == "2026-11-03"
    assert found["vip"].bool is True
    assert (found["conjoint"].text, found["conjoint"].sealed is not None) == (None, True)


def test_nothing_personal_is_readable_in_the_tables(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "secret-name.csv", person(1), person(1, last="Nouveau"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'audience_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {name} t")
            dump = "\n".join(row[0] for row in cursor.fetchall())
            for secret in ("639980001", "personne1", "Sœur", "Élodie", "Nouveau", "secret-name", "soeur"):
                assert secret not in dump, (name, secret)
                assert secret.encode().hex() not in dump, (name, secret)


def test_dry_run_counts_and_writes_nothing(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1), person(2, consent="stop"))
    events = ConsentEvent.objects.count()
    rows = [person(1), person(2), person(3), person(3), person(4, phone="x", email="")]

    result = import_rows(client, book, tmp_path / "b.csv", *rows, dry_run=True)

    assert (result.imported, result.updated, result.rejected) == (1, 3, 1)
    assert (result.duplicates_in_base, result.duplicates_in_file, result.opted_out_kept) == (2, 1, 1)
    assert result.warnings == {"phone_letters": 1, "opted_out_kept": 1}
    assert (Contact.objects.count(), ConsentEvent.objects.count(), Import.objects.count()) == (2, events, 1)


def test_a_dry_run_says_what_the_import_then_does(client: Client, book: Book, tmp_path: Path) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1, consent="stop"), person(2, email=""))
    rows = [
        person(1), person(2, email="neuf@exemple.fr"), person(3, email="neuf@exemple.fr", phone=""), person(4),
        person(4, consent="non"), person(4), person(5, email="personne4@exemple.fr"),
        person(2, email="personne4@exemple.fr"),
    ]  # fmt: skip

    said = import_rows(client, book, tmp_path / "b.csv", *rows, dry_run=True)
    done = import_rows(client, book, tmp_path / "b.csv", *rows)

    assert (said.imported, said.updated, said.rejected) == (done.imported, done.updated, done.rejected) == (1, 7, 0)
    assert said.warnings == done.warnings == {"opted_out_kept": 2, "matches_two_contacts": 1}


def test_a_shop_is_found_by_its_code_or_name_and_one_that_is_none_is_a_remark(
    client: Client, book: Book, tmp_path: Path
) -> None:
    shops = [
        Establishment.objects.create(client_id=client.pk, name=name, code=code)
        for name, code in (("Évry Agora", "B12"), ("Lyon", ""))
    ]
    header = (*HEADER, "Point de vente")
    import_rows(client, book, tmp_path / "a.csv", (*person(1), "Lyon"), header=header)
    rows = [(*person(1), "b12"), (*person(2), "EVRY  AGORA"), (*person(3), "Mars"), (*person(4), " ")]

    said = import_rows(client, book, tmp_path / "b.csv", *rows, header=header, dry_run=True)
    done = import_rows(client, book, tmp_path / "b.csv", *rows, header=header)

    assert said.warnings == done.warnings == {"establishment_unknown": 1}
    places = Contact.objects.order_by("created_at", "id").values_list("establishment_id", flat=True)
    assert list(places) == [shops[0].pk, shops[0].pk, None, None]


def test_what_a_spreadsheet_would_run_comes_back_as_text(client: Client, book: Book, tmp_path: Path) -> None:
    rows = [person(1, last="=HYPERLINK(x)", phone="0639"), person(2, last="@x", phone="+33 639")]
    result = import_rows(client, book, tmp_path / "a.csv", *rows)
    assert result.import_id

    _, content = error_file(client_id=client.pk, import_id=result.import_id, label=str.upper)

    cells = [cell for line in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";") for cell in line]
    assert "'=HYPERLINK(x)" in cells
    assert "'@x" in cells
    assert "+33 639" in cells


def test_error_file_has_the_format_and_the_rows_of_the_upload(client: Client, book: Book, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv", person(1), person(2, phone="inconnu", email="", town="Évry"), encoding="cp1252"
    )
    result = import_file(client_id=client.pk, book_id=book.id, path=path, legal_basis="consent", source="x")
    assert result.import_id

    kind, content = error_file(client_id=client.pk, import_id=result.import_id, label=str.upper)

    rows = list(csv.reader(io.StringIO(content.decode("cp1252")), delimiter=";"))
    assert kind == "csv"
    assert rows[0] == ["Row", "Problem", *HEADER]
    assert rows[1][:2] == ["3", "PHONE_LETTERS"]
    assert rows[1][8] == "Évry"
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("_case", "content", "code"),
    [
        ("empty", b"", "file_empty"),
        ("binary", bytes(range(256)) * 100, "file_not_text"),
        ("header only", b"Portable;Nom\n", "file_has_no_rows"),
        ("nothing to reach anybody by", b"Nom;Ville\nX;Y\n", "no_identity_column"),
        (
            "a cell too long in the last row",
            b"Portable\n" + b"0639980001\n" * 50 + b"9" * 200_000 + b"\n",
            "cell_too_long",
        ),
    ],
)
def test_a_hopeless_file_changes_nothing(
    _case: str, content: bytes, code: str, client: Client, book: Book, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)

    with pytest.raises(Refused, match=code):
        import_file(client_id=client.pk, book_id=book.id, path=path, legal_basis="consent", source="x")

    assert not Contact.objects.exists()
    assert not Import.objects.exists()


def test_alarms_for_made_up_lists(client: Client, book: Book, tmp_path: Path) -> None:
    rows = [person(n, email=f"info{'' if n % 2 else n}@boutique{n}.fr") for n in range(300)]

    result = import_rows(client, book, tmp_path / "a.csv", *rows)

    assert result.alarms == {"sequential_numbers": 300, "role_addresses": 150}


@pytest.mark.parametrize(("in_a_row", "alarms"), [(19, {}), (20, {"sequential_numbers": 20})])
def test_a_range_of_numbers_is_noticed_and_a_few_neighbours_are_not(
    in_a_row: int, alarms: dict[str, int], client: Client, book: Book, tmp_path: Path
) -> None:
    rows = [person(n if n < in_a_row else 100 + 3 * n, email=f"zoe{n}@exemple.fr") for n in range(60)]

    assert import_rows(client, book, tmp_path / "a.csv", *rows).alarms == alarms


def test_preview_shows_the_accents_and_the_guess(client: Client, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", person(1), encoding="mac_roman")
    with path.open("rb") as content:
        upload = store_upload(client_id=client.pk, content=content)

    shown = preview(client_id=client.pk, upload_id=upload)

    assert (shown.encoding, shown.delimiter, shown.above) == ("mac_roman", ";", 1)
    assert [column.field for column in shown.columns] == [
        "title", "first_name", "last_name", "phone", "email", "postcode", "town", "consent_sms",
    ]  # fmt: skip
    assert shown.rows[0][1:3] == ["Élodie", "Sœur"]


def test_a_mapping_wins_over_the_guess(client: Client, book: Book, tmp_path: Path) -> None:
    mapping = ["", "last_name", "first_name", "phone", "", "", "", "consent_sms"]

    import_rows(client, book, tmp_path / "a.csv", person(1), mapping=mapping)

    contact = Contact.objects.get(client_id=client.pk)
    assert (contact.first_name, contact.last_name, contact.email) == ("Sœur", "Élodie", Reach.NONE)


@pytest.mark.parametrize(
    "mapping", [["phone"], ["phone"] * 7 + ["sex"], ["title", "title", "", "phone", "", "", "", ""]]
)
def test_a_wrong_mapping_is_refused(mapping: list[str], client: Client, book: Book, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="mapping_wrong"):
        import_rows(client, book, tmp_path / "a.csv", person(1), mapping=mapping)


def test_an_unknown_book_is_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="book_unknown"):
        import_file(client_id=client.pk, book_id=uuid4(), path=write_csv(tmp_path / "a.csv", person(1)))


def test_a_book_is_made_with_the_first_import_that_names_it_and_by_no_dry_run(client: Client, tmp_path: Path) -> None:
    fair: dict[str, Any] = {
        "client_id": client.pk,
        "book_name": "Fair",
        "path": write_csv(tmp_path / "a.csv", person(1)),
    }

    tried = import_file(**fair, dry_run=True)
    made = Book.objects.filter(client_id=client.pk, name="Fair").exists()
    first, second = import_file(**fair), import_file(**fair)

    assert (tried.book_id, made) == (None, False)
    assert [book.id for book in Book.objects.filter(client_id=client.pk, name="Fair")] == [first.book_id]
    assert second.book_id == first.book_id


def test_upload_is_unreadable_on_the_disk(client: Client, book: Book, tmp_path: Path, settings: Any) -> None:
    import_rows(client, book, tmp_path / "a.csv", person(1))

    folder = Path(settings.SOFY.var_dir) / "files" / str(client.pk)
    (stored,) = folder.iterdir()
    assert stored.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    for secret in (b"Sur", b"personne1", b"39 98", b"Portable"):
        assert secret not in stored.read_bytes()

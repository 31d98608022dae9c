"""The demo's own arithmetic, and the contact file it ships."""

import csv
import io
import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from tools import demo_contacts

from sofy.kernel import clock, ids, phone
from sofy.kit.rls import client_scope
from sofy.project import demo

DATA = files("sofy.project") / "demo_data"


@pytest.mark.parametrize(
    ("_case", "now", "start"),
    [
        ("before the first", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 24, 14, 30, tzinfo=clock.PARIS)),
        ("exactly then", clock.DEMO_START, datetime(2026, 11, 24, 14, 30, tzinfo=clock.PARIS)),
        (
            "a minute late",
            datetime(2026, 11, 24, 13, 31, tzinfo=UTC),
            datetime(2026, 12, 1, 14, 30, tzinfo=clock.PARIS),
        ),
        ("in summer", datetime(2027, 7, 5, 9, 0, tzinfo=UTC), datetime(2027, 7, 6, 14, 30, tzinfo=clock.PARIS)),
    ],
)
def test_a_run_starts_on_a_tuesday_at_half_past_two_and_time_never_goes_back(_case, now, start):
    assert demo.start_of_run(now) == start


def _log(tmp_path, *lines):
    path = tmp_path / "accepted.log"
    path.write_text("".join(f"id{number} SHOP {line} 2026-11-24T13:30:00Z\n" for number, line in enumerate(lines)))
    return path


@pytest.mark.parametrize(
    ("_case", "lines", "expected"),
    [
        ("one each", ["33639980001 0 0 4141", "33639980002 0 0 4141"], 0),
        ("twice the same", ["33639980001 0 0 4141", "33639980001 0 0 4141"], 1),
        ("two parts of one", ["33639980001 64 0 0500030102014141", "33639980001 64 0 0500030102024141"], 0),
        ("a part twice", ["33639980001 64 0 0500030102014141", "33639980001 64 0 0500030902014141"], 1),
        ("an answer to CONTACT", ["33639980001 0 0 4141", "33639980001 0 0 4242"], 0),
    ],
)
def test_only_the_same_text_to_the_same_number_is_a_duplicate(tmp_path, _case, lines, expected):
    assert demo.duplicates(_log(tmp_path, *lines), 0) == expected


def test_the_log_of_earlier_runs_does_not_count(tmp_path):
    path = _log(tmp_path, "33639980001 0 0 4141")
    before = path.stat().st_size
    with path.open("a") as stream:
        stream.write("id9 SHOP 33639980001 0 0 4141 2026-11-24T13:30:00Z\n")

    assert demo.duplicates(path, before) == 0


def _outcome(**changes):
    figures = dict.fromkeys(demo.Outcome.__dataclass_fields__, 0)
    sound = {"reachable": 10, "accepted": 9, "withheld": 1, "delivered": 7, "failed": 1, "unknown": 1}
    return demo.Outcome(**figures | sound | changes)


@pytest.mark.parametrize("changes", [{"lost": 1}, {"duplicates": 1}, {"withheld": 0}, {"failed": 0}])
def test_figures_that_do_not_add_up_fail_the_run(changes):
    assert _outcome().problems() == []
    assert len(_outcome(**changes).problems()) == 1


def _rows():
    text = (DATA / "contacts.csv").read_bytes().decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_the_shipped_file_is_the_one_the_tool_writes():
    import random

    rows, expected = demo_contacts.build(random.Random(20261124))

    assert [list(row.values()) for row in _rows()] == rows
    assert json.loads((DATA / "expected.json").read_text()) == expected


def test_every_mainland_number_of_the_shipped_file_is_fiction():
    numbers = [phone.parse(row["Tél. mobile"], fictional=True) for row in _rows()]
    known = [number.e164 for number in numbers if isinstance(number, phone.Number)]

    assert len(known) > 2500
    assert [e for e in known if e.startswith("+33") and not e.startswith(("+3363998", "+33700", "+3319900"))] == []


def test_importing_the_shipped_file_gives_its_known_counts(engine_db):
    from sofy.audience.services import imports
    from sofy.clients.services import create_client

    client = create_client(name=f"Shop {ids.base58(4)}")
    result = imports.import_file(
        client_id=client.pk,
        book_name="Book",
        path=str(DATA / "contacts.csv"),
        legal_basis="consent",
        source="form",
        actor="test",
    )

    expected = json.loads((DATA / "expected.json").read_text())
    assert (result.total, result.imported, result.updated, result.rejected, result.reachable_sms) == tuple(
        expected[name] for name in ("rows", "imported", "updated", "rejected", "reachable")
    )


def test_somebody_with_several_mobiles_is_written_to_once_and_nobody_is_lost(engine_db, tmp_path):
    from sofy.clients.services import create_client
    from sofy.soreach.services import estimate

    client = create_client(name=f"Shop {ids.base58(4)}")
    path = tmp_path / "contacts.csv"
    path.write_text(
        "prenom;portable;portable pro;e-mail;accord sms\n"
        "Zoé;06 39 98 00 01;06 39 98 00 02;;oui\n"
        "Léo;06 39 98 00 03 / 06 39 98 00 04;;;oui\n"
        "Ana;06 39 98 00 05;;ana@example.org;oui\n"
        "Ana;06 39 98 00 06;;ana@example.org;oui\n"
        "Max;06 39 98 00 07;06 39 98 00 08;;non\n"
    )

    result = demo.import_contacts(client, path)
    campaign = demo.prepare_campaign(client, result.book_id)
    with client_scope(client.pk):
        people = estimate.reach(campaign)["reachable"]

    assert (result.reachable_sms, demo.other_numbers(client, result.book_id), people) == (6, 3, 3)


def test_the_demos_client_has_shops_and_its_contacts_have_theirs(engine_db):
    from sofy.audience.models import Contact
    from sofy.audience.segments.models import Segment
    from sofy.clients.services import create_client
    from sofy.kit.rls import client_scope

    client = create_client(name=f"Shop {ids.base58(4)}")
    shops = demo.open_shops(client)
    demo.import_contacts(client, Path(str(DATA / "contacts.csv")))
    demo.save_neighbours(client, shops[0])

    with client_scope(client.pk):
        of_a_shop = {shop.name: Contact.objects.filter(establishment_id=shop.pk).count() for shop in shops}
        assert Segment.objects.get().name == "À 5 km de Martin Terreaux"
    assert len(of_a_shop) == 4
    assert all(100 < number < 400 for number in of_a_shop.values()), of_a_shop

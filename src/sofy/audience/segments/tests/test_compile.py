import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from sofy.audience.models import Attribute, Contact, ContactAttribute, Membership
from sofy.audience.segments import counts, tree
from sofy.audience.segments.compile import after_prefix, years_before
from sofy.audience.segments.models import Segment, SegmentMember
from sofy.clients.models import Establishment
from sofy.kernel.errors import Refused

Make = Callable[..., UUID]
PARIS = {"latitude": 48.8566, "longitude": 2.3522}
REUNION = {"latitude": -20.8789, "longitude": 55.4481}
VERSAILLES = {"latitude": 48.8049, "longitude": 2.1204}  # 17.9 km away
LYON = {"latitude": 45.7640, "longitude": 4.8357}


def members(client_id: UUID, node: dict[str, Any]) -> set[UUID]:
    preview = counts.preview(client_id, tree.from_builtins(node), sample=100)
    assert preview.total == len(preview.sample) == sum(preview.reach["sms"].values())
    return set(preview.sample)


@pytest.mark.parametrize(
    ("_case", "inside", "outside", "node"),
    [
        ("title", {"title": "mrs"}, {"title": "mr"}, {"is": "title", "values": ["mrs"]}),
        ("title unknown", {"title": ""}, {"title": "mr"}, {"is": "title", "values": ["unknown"]}),
        ("language", {"language": "fr"}, {"language": ""}, {"is": "language", "values": ["fr", "en"]}),
        (
            "18 today",
            {"birth_date": date(2008, 11, 24)},
            {"birth_date": date(2008, 11, 25)},
            {"is": "age", "at_least": 18},
        ),
        (
            "35 until tomorrow",
            {"birth_date": date(1990, 11, 25)},
            {"birth_date": date(1990, 11, 24)},
            {"is": "age", "at_most": 35},
        ),
        ("no birth date", {"birth_date": date(1990, 1, 1)}, {}, {"is": "age", "at_most": 130}),
        ("postcode", {"postcode": "75011"}, {"postcode": "76000"}, {"is": "postcode", "prefixes": ["75", "92"]}),
        ("postcode of Corsica", {"postcode": "2A004"}, {"postcode": "20000"}, {"is": "postcode", "prefixes": ["2a"]}),
        ("town", {"town_key": "saint-denis"}, {"town_key": "sainte-anne"}, {"is": "town", "prefixes": ["Saint-D"]}),
        ("near", VERSAILLES, LYON, {"is": "near", "km": 18, **PARIS}),
        ("just too far", PARIS, VERSAILLES, {"is": "near", "km": 17.5, **PARIS}),
        ("nowhere", PARIS, {}, {"is": "near", "km": 1000, **PARIS}),
        (
            "across the date line",
            {"latitude": -16.0, "longitude": -179.9},
            PARIS,
            {"is": "near", "km": 50, "latitude": -16.0, "longitude": 179.9},
        ),
        ("consent", {"sms": 3}, {"sms": 4}, {"is": "consent"}),
        ("refused", {"email": 4}, {"email": 2}, {"is": "consent", "channel": "email", "state": "refused"}),
        ("not asked", {"sms": 2}, {"sms": 3}, {"is": "consent", "state": "unknown"}),
        ("channel", {"email": 2}, {"email": 1}, {"is": "channel", "channel": "email"}),
        (
            "created",
            {"created_at": datetime(2026, 11, 20, tzinfo=UTC)},
            {"created_at": datetime(2026, 11, 1, tzinfo=UTC)},
            {"is": "created", "days": 7},
        ),
        (
            "created since midnight in Paris",
            {"created_at": datetime(2026, 11, 9, 23, 0, tzinfo=UTC)},
            {"created_at": datetime(2026, 11, 9, 22, 59, tzinfo=UTC)},
            {"is": "created", "since": "2026-11-10"},
        ),
        (
            "updated",
            {"updated_at": datetime(2026, 11, 20, tzinfo=UTC)},
            {"updated_at": datetime(2026, 11, 1, tzinfo=UTC)},
            {"is": "updated", "days": 7},
        ),
        (
            "import",
            {"import_id": UUID(int=7)},
            {"import_id": UUID(int=8)},
            {"is": "import", "imports": [str(UUID(int=7))]},
        ),
        (
            "establishment",
            {"establishment_id": UUID(int=7)},
            {},
            {"is": "establishment", "establishments": [str(UUID(int=7))]},
        ),
    ],
)
def test_condition_on_the_contact(
    _case: str, inside: dict[str, Any], outside: dict[str, Any], node: dict[str, Any], client_id: UUID, contact: Make
) -> None:
    yes, no = contact(**inside), contact(**outside)

    assert members(client_id, node) == {yes}
    assert members(client_id, {**node, "not": True}) == {no}


def away(place: dict[str, float], bearing: str, km: float) -> dict[str, float]:
    """The point that many kilometres away along a great circle on a sphere of the Earth's mean radius."""
    angle, start = km / 6371.0088, math.radians(place["latitude"])
    if bearing in ("north", "south"):
        return {**place, "latitude": place["latitude"] + math.degrees(angle) * (1 if bearing == "north" else -1)}
    latitude = math.asin(math.sin(start) * math.cos(angle))
    turn = math.atan2(math.sin(angle) * math.cos(start), math.cos(angle) - math.sin(start) * math.sin(latitude))
    longitude = place["longitude"] + math.degrees(turn) * (1 if bearing == "east" else -1)
    return {"latitude": math.degrees(latitude), "longitude": longitude}


@pytest.mark.parametrize("bearing", ["north", "east", "south", "west"])
@pytest.mark.parametrize("km", [2, 20, 200])
@pytest.mark.parametrize(("_case", "place"), [("Paris", PARIS), ("La Réunion", REUNION)])
def test_the_circle_reaches_its_edge(
    _case: str, place: dict[str, float], km: int, bearing: str, client_id: UUID, contact: Make
) -> None:
    just_inside = contact(**away(place, bearing, km * 0.9999))
    contact(**away(place, bearing, km * 1.0001))

    assert members(client_id, {"is": "near", "km": km, **place}) == {just_inside}


@pytest.mark.parametrize(
    ("_case", "what", "inside", "outside"),
    [
        ("sent", "sent", [("submitted", 1)], [("submitted", 31)]),
        ("delivered", "delivered", [("delivered", 29)], [("submitted", 1)]),
        ("clicked", "clicked", [("clicked", 1)], []),
        ("replied", "replied", [("replied", 1)], [("clicked", 1)]),
        ("silent", "silent", [("delivered", 1), ("clicked", 40)], [("delivered", 1), ("clicked", 1)]),
        ("silent needs a message", "silent", [("delivered", 1)], []),
    ],
)
def test_behaviour(
    _case: str,
    what: str,
    inside: list[tuple[str, int]],
    outside: list[tuple[str, int]],
    client_id: UUID,
    contact: Make,
    event: Callable[..., None],
) -> None:
    yes, no = contact(), contact()
    for person, events in ((yes, inside), (no, outside)):
        for kind, days_ago in events:
            event(person, kind, days_ago)

    assert members(client_id, {"is": "behaviour", "what": what, "days": 30}) == {yes}
    assert members(client_id, {"is": "behaviour", "what": what, "days": 30, "not": True}) == {no}


@pytest.mark.parametrize(
    ("_case", "kind", "days_ago", "submitted_days_ago", "sent"),
    [
        ("an event of its own", "submitted", 29, None, True),
        ("delivered with the same write", "delivered", 29, 29.5, True),
        ("refused by the phone with the same write", "failed", 29, 29.5, True),
        ("delivered later: its hand-over was noted before", "delivered", 29, None, False),
        ("delivered within the time, handed over before it", "delivered", 29, 31, False),
    ],
)
def test_sent_is_what_was_handed_over_within_the_time(
    _case: str,
    kind: str,
    days_ago: float,
    submitted_days_ago: float | None,
    sent: bool,
    client_id: UUID,
    contact: Make,
    event: Callable[..., None],
) -> None:
    person = contact()
    event(person, kind, days_ago, submitted_days_ago=submitted_days_ago)

    assert (members(client_id, {"is": "behaviour", "what": "sent", "days": 30}) == {person}) is sent


def test_behaviour_in_one_campaign(client_id: UUID, contact: Make, event: Callable[..., None]) -> None:
    yes, no, campaign = contact(), contact(), uuid4()
    event(yes, "clicked", campaign_id=campaign)
    event(no, "clicked", campaign_id=uuid4())

    node = {"is": "behaviour", "what": "clicked", "days": 30, "campaign": str(campaign)}

    assert members(client_id, node) == {yes}


def test_books(client_id: UUID, contact: Make) -> None:
    yes, no, book = contact(), contact(), uuid4()
    Membership.objects.create(client_id=client_id, book_id=book, contact_id=yes)

    assert members(client_id, {"is": "book", "books": [str(book)]}) == {yes}
    assert members(client_id, {"is": "book", "books": [str(book)], "not": True}) == {no}


@pytest.mark.parametrize(
    ("_case", "kind", "inside", "outside", "condition"),
    [
        ("text", "text", "XL", "L", {"value": "XL"}),
        ("text begins", "text", "Lyon 3", "Nice", {"test": "starts_with", "value": "Lyon"}),
        ("text differs", "text", "L", "XL", {"test": "differs", "value": "XL"}),
        ("number above", "number", 10.5, 10, {"test": "above", "value": 10}),
        ("number typed", "number", 10.5, 9, {"test": "equals", "value": "10,5"}),
        ("number between", "number", 3, 6, {"test": "between", "value": 1, "to": 5}),
        ("date below", "date", date(2026, 1, 1), date(2026, 3, 1), {"test": "below", "value": "2026-02-01"}),
        ("yes", "bool", True, False, {"value": True}),
        ("no", "bool", False, True, {"value": "false"}),
        ("filled", "text", "x", None, {"test": "filled"}),
        ("one of texts", "text", "L", "S", {"test": "one_of", "values": ["L", "XL"]}),
        ("one of a list", "choice", "L", "S", {"test": "one_of", "values": ["L", "XL"]}),
        ("not one of a list", "choice", "S", "L", {"test": "one_of", "values": ["L", "XL"], "not": True}),
        ("of a list, unknown", "choice", None, "L", {"test": "one_of", "values": ["L"], "not": True}),
        ("of a list, equal", "choice", "L", "S", {"value": "L"}),
        ("of a list, filled", "choice", "L", None, {"test": "filled"}),
    ],
)
def test_attributes(
    _case: str, kind: str, inside: Any, outside: Any, condition: dict[str, Any], client_id: UUID, contact: Make
) -> None:
    yes, no = contact(), contact()
    Attribute.objects.create(client_id=client_id, name="detail", label="Detail", kind=kind)
    for person, value in ((yes, inside), (no, outside)):
        ContactAttribute.objects.create(
            client_id=client_id,
            contact_id=person,
            name="detail",
            kind=kind,
            **{"text" if kind == "choice" else kind: value},
        )

    assert members(client_id, {"is": "attribute", "name": "detail", **condition}) == {yes}


@pytest.mark.parametrize(
    ("_case", "condition", "code"),
    [
        ("gone", {"name": "other", "value": 1}, "attribute_missing"),
        ("no number", {"name": "detail", "value": "many"}, "attribute_value"),
        ("no such test", {"name": "detail", "test": "starts_with", "value": "1"}, "attribute_test"),
        ("no list of numbers", {"name": "detail", "test": "one_of", "values": ["1"]}, "attribute_test"),
    ],
)
def test_attribute_that_cannot_be_asked(_case: str, condition: dict[str, Any], code: str, client_id: UUID) -> None:
    Attribute.objects.create(client_id=client_id, name="detail", label="Detail", kind="number")

    with pytest.raises(Refused) as refused:
        members(client_id, {"is": "attribute", **condition})

    assert refused.value.code == code


def test_groups_nest_and_negate(client_id: UUID, contact: Make) -> None:
    both = contact(language="fr", title="mr")
    one = contact(language="fr", title="mrs")
    other = contact(language="en", title="mr")
    none = contact(language="", title="")
    french, mister = {"is": "language", "values": ["fr"]}, {"is": "title", "values": ["mr"]}

    def found(kind: str, negated: bool = False) -> set[UUID]:
        return members(client_id, {"is": "all", "of": [{"is": kind, "of": [french, mister], "not": negated}]})

    assert found("all") == {both}
    assert found("any") == {both, one, other}
    assert found("none") == {none}
    assert found("all", negated=True) == {one, other, none}
    assert found("any", negated=True) == {none}
    assert found("none", negated=True) == {both, one, other}


@pytest.mark.parametrize(
    ("_case", "kind", "everybody"), [("all", "all", True), ("any", "any", False), ("none", "none", True)]
)
def test_empty_group(_case: str, kind: str, everybody: bool, client_id: UUID, contact: Make) -> None:
    person = contact()

    assert members(client_id, {"is": "all", "of": [{"is": kind, "of": []}]}) == ({person} if everybody else set())


def test_near_an_establishment(client_id: UUID, contact: Make) -> None:
    yes, _no = contact(**VERSAILLES), contact(**LYON)
    shop = Establishment.objects.create(client_id=client_id, name="Rivoli", **PARIS)

    assert members(client_id, {"is": "near", "km": 20, "establishment": str(shop.id)}) == {yes}


@pytest.mark.parametrize(
    ("_case", "exists", "code"), [("no coordinates", True, "establishment_without_place"), ("gone", False, "not_found")]
)
def test_near_an_establishment_without_place(_case: str, exists: bool, code: str, client_id: UUID) -> None:
    shop = Establishment.objects.create(client_id=client_id, name="Rivoli").id if exists else uuid4()

    with pytest.raises(Refused) as refused:
        members(client_id, {"is": "near", "km": 20, "establishment": str(shop)})

    assert refused.value.code == code


def test_segment_in_a_segment(client_id: UUID, contact: Make) -> None:
    yes, no = contact(language="fr"), contact(language="en")
    inner = Segment.objects.create(client_id=client_id, name="fr", tree={"is": "language", "values": ["fr"]})
    frozen = Segment.objects.create(client_id=client_id, name="frozen", kind="snapshot")
    SegmentMember.objects.create(client_id=client_id, segment_id=frozen.id, contact_id=no)

    assert members(client_id, {"is": "segment", "segment": str(inner.id)}) == {yes}
    assert members(client_id, {"is": "segment", "segment": str(inner.id), "not": True}) == {no}
    assert members(client_id, {"is": "segment", "segment": str(frozen.id)}) == {no}
    assert members(client_id, {"is": "snapshot", "segment": str(frozen.id)}) == {no}


def test_segment_inside_itself_is_refused(client_id: UUID) -> None:
    segment = Segment.objects.create(client_id=client_id, name="loop")
    segment.tree = {"is": "segment", "segment": str(segment.id)}
    segment.save()

    with pytest.raises(Refused) as refused:
        members(client_id, segment.tree)

    assert refused.value.code == "segment_cycle"


def test_segments_that_multiply_are_refused(client_id: UUID) -> None:
    inner = Segment.objects.create(client_id=client_id, name="0", tree={"is": "channel", "channel": "sms"})
    for level in range(1, 5):
        row = {"is": "segment", "segment": str(inner.id)}
        inner = Segment.objects.create(client_id=client_id, name=str(level), tree={"is": "all", "of": [row] * 5})

    with pytest.raises(Refused) as refused:
        members(client_id, inner.tree)

    assert refused.value.code == "segment_too_big"


def test_removed_contacts_are_in_no_segment(client_id: UUID, contact: Make) -> None:
    contact(deleted_at=datetime(2026, 11, 1, tzinfo=UTC))

    assert members(client_id, {"is": "all", "of": []}) == set()
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("value", ["'); DROP TABLE audience_contact; --", "%s %(client)s %%", "\\", "é\u2028"])
def test_values_are_only_ever_values(value: str, client_id: UUID, contact: Make) -> None:
    yes = contact(language=value[:5], town_key=value)

    assert members(client_id, {"is": "language", "values": [value[:5]]}) == {yes}
    Attribute.objects.create(client_id=client_id, name="detail", label="Detail", kind="text")
    assert members(client_id, {"is": "attribute", "name": "detail", "value": value}) == set()


def test_row_counts_and_reasons(client_id: UUID, contact: Make, event: Callable[..., None]) -> None:
    in_all, french = contact(language="fr", sms=3), contact(language="fr")
    event(in_all, "clicked")
    root = tree.from_builtins(
        {
            "is": "all",
            "of": [
                {"is": "language", "values": ["fr"]},
                {"is": "any", "of": [{"is": "behaviour", "what": "clicked", "days": 30}, {"is": "consent"}]},
                {"is": "title", "values": ["mr"], "not": True},
            ],
        }
    )

    rows = counts.row_counts(client_id, root)
    reasons = {reason.path: reason.holds for reason in counts.explain(client_id, root, french)}

    assert rows == {(): 1, (0,): 2, (1,): 1, (1, 0): 1, (1, 1): 1, (2,): 2}
    assert counts.row_counts(client_id, root, whole=1) == rows
    assert reasons == {(): False, (0,): True, (1,): False, (1, 0): False, (1, 1): False, (2,): True}
    assert counts.explain(client_id, root, uuid4()) == []


@pytest.mark.parametrize(
    ("_case", "rows"),
    [
        ("a distance alone", [{"is": "near", "km": 5, **PARIS}]),
        ("a negated distance", [{"is": "near", "km": 5, **PARIS, "not": True}]),
        ("behaviour alone", [{"is": "behaviour", "what": "clicked", "days": 30}]),
        ("behaviour negated", [{"is": "behaviour", "what": "clicked", "days": 30, "not": True}, {"is": "consent"}]),
        ("silence negated", [{"is": "behaviour", "what": "silent", "days": 30, "not": True}]),
        ("a negated group", [{"is": "any", "of": [{"is": "consent"}, {"is": "title", "values": ["mr"]}], "not": True}]),
        (
            "a negated group with behaviour",
            [{"is": "any", "of": [{"is": "consent"}, {"is": "behaviour", "what": "clicked", "days": 9}], "not": True}],
        ),
        ("nothing", []),
    ],
)
def test_each_row_counts_what_it_would_hold_alone(
    _case: str, rows: list[dict[str, Any]], client_id: UUID, contact: Make, event: Callable[..., None]
) -> None:
    event(contact(sms=3, **PARIS), "clicked")
    event(contact(title="mr"), "delivered")
    contact(**LYON)
    event(None, "clicked")  # of a test send: nobody's
    root = tree.from_builtins({"is": "all", "of": rows})

    counted = counts.row_counts(client_id, root)

    assert counted == {path: counts.count(client_id, node) for path, node in tree.walk(root)}


def test_reach_per_channel(client_id: UUID, contact: Make) -> None:
    for sms, email in ((3, 0), (3, 2), (4, 1), (0, 3)):
        contact(sms=sms, email=email)

    preview = counts.preview(client_id, tree.All())

    assert preview.reach["sms"] == {"reachable": 2, "no_consent": 0, "opted_out": 1, "invalid": 0, "no_address": 1}
    assert preview.reach["email"] == {"reachable": 1, "no_consent": 1, "opted_out": 0, "invalid": 1, "no_address": 1}


@pytest.mark.parametrize(
    ("_case", "day", "years", "expected"),
    [
        ("plain", date(2026, 11, 24), 18, date(2008, 11, 24)),
        ("leap day", date(2024, 2, 29), 1, date(2023, 2, 28)),
        ("before the calendar", date(2026, 1, 1), 3000, date.min),
    ],
)
def test_years_before(_case: str, day: date, years: int, expected: date) -> None:
    assert years_before(day, years) == expected


@pytest.mark.parametrize("prefix", ["75", "saint-d", "9", "2A", "z", "é", "\ud7ff"])
def test_after_prefix_bounds_exactly_what_begins_with_it(prefix: str) -> None:
    end = after_prefix(prefix)

    assert prefix < end
    assert prefix + "\U0010fffe" * 3 < end

"""What runs out next in a contract."""

from datetime import UTC, date, datetime

import pytest

from sofy.clients.tests.factories import make_client
from sofy.contracts import deadlines
from sofy.contracts.services import records
from sofy.contracts.tests.factories import ACTOR, signed_on_paper
from sofy.kernel import clock
from sofy.kit.rls import client_scope


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Two log-ins see what the other one wrote."""
    clock.install(lambda: datetime(2026, 4, 30, 18, 0, tzinfo=UTC))


@pytest.mark.clause("CGVU 7.2", "CGVU 8.2")
def test_the_next_comes_first_and_a_formal_notice_is_counted_from_its_proof():
    client, told = make_client(), datetime(2026, 4, 30, 8, 0, tzinfo=UTC)
    signed_on_paper(client, date(2026, 4, 1))
    notice = records.record_notice(
        client.pk, kind="formal_notice", channel="email", text="Facture", about="FA-1", sent_at=told, actor=ACTOR
    )

    def seen():
        with client_scope(client.pk):
            return [(each.kind, each.day, each.article) for each in deadlines.of_client(client.pk, date(2026, 4, 30))]

    before = seen()
    records.record_delivery(
        client.pk, notice.pk, delivered_at=told, proof_kind="acknowledgement", proof="link", actor=ACTOR
    )
    after = seen()

    assert before == [("nonrenewal", date(2027, 2, 15), "CGVU 8.2"), ("period_end", date(2027, 3, 31), "CGVU 8.1")]
    assert after[:2] == [("pay", date(2026, 5, 11), "CGVU 7.2"), ("suspension", date(2026, 5, 12), "CGVU 7.2")]


@pytest.mark.clause("CGVU 27")
def test_announced_terms_and_certificates_have_their_day():
    client, told = make_client(), datetime(2026, 4, 30, 8, 0, tzinfo=UTC)
    form = signed_on_paper(client, date(2026, 4, 1))
    records.record_notice(
        client.pk, kind="terms", channel="email", text="Nouvelles CGVU", about="2026-03-24", sent_at=told, actor=ACTOR
    )
    records.add_certificate(
        entity_id=form.entity_id, client_id=client.pk, insurer="Mutuelle", policy="RC-1",
        expires_on=date(2026, 12, 31), actor=ACTOR,
    )  # fmt: skip

    with client_scope(client.pk):
        found = {each.kind: each.day for each in deadlines.of_client(client.pk, date(2026, 4, 30))}

    assert found["terms"] == date(2026, 5, 30)
    assert found["insurance"] == date(2026, 12, 31)

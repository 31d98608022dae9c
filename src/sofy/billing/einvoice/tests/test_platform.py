"""The port to an approved platform, against the simulated one over real HTTP: deposit, news, faults."""

import asyncio
import contextlib
import http.client
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.billing.einvoice import cii, ubl
from sofy.billing.einvoice.platform import cdar, flow_service, life
from sofy.billing.einvoice.platform.flow_service import Config, FlowService
from sofy.billing.einvoice.platform.port import Parcel, PlatformDown, PlatformRefuses
from sofy.billing.tests import factories
from sofy.sandbox.approved_platform import server

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NUMBER = "FA-2026-000123"


class Running:
    """A simulated platform in a thread of its own, and an account at it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.simulated = server.SimulatedPlatform(server.Config(client_secret="simulated"))
        asyncio.run_coroutine_threadsafe(self.simulated.start(), self.loop).result(10)

    def account(self, **changes: Any) -> FlowService:
        values: dict[str, Any] = {
            "base_url": self.simulated.url,
            "token_url": f"{self.simulated.url}/oauth/token",
            "client_id": "sofy",
            "client_secret": "simulated",
            "timeout_s": 5.0,
        }
        return FlowService(Config(**(values | changes)))

    def post(self, path: str, what: Any) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.simulated.port, timeout=5)
        connection.request("POST", path, msgspec.json.encode(what), {"Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.simulated.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def running() -> Iterator[Running]:
    one = Running()
    yield one
    one.close()


def parcel(**changes: Any) -> Parcel:
    values: dict[str, Any] = {
        "tracking_id": NUMBER,
        "name": f"{NUMBER}.xml",
        "form": "CII",
        "content": cii.build(factories.document()),
    }
    return Parcel(**(values | changes))


def heard(account: FlowService) -> list[life.Event]:
    """All status messages that came."""
    flows = [flow for flow in account.changes(LONG_AGO) if flow.direction == "In"]
    return [event for flow in flows for event in cdar.read(account.content(flow.flow_id))]


def test_an_invoice_is_deposited_and_its_statuses_come_back(running):
    account = running.account()

    flow = account.deposit(parcel())

    assert (flow.tracking_id, flow.acknowledgement, flow.direction) == (NUMBER, "Ok", "Out")
    assert account.content(flow.flow_id) == cii.build(factories.document())
    assert [(event.number, event.code) for event in heard(account)] == [(NUMBER, 200), (NUMBER, 202), (NUMBER, 203)]


@pytest.mark.parametrize("syntax", ["CII", "UBL"])
def test_both_syntaxes_are_taken(running, syntax):
    content = cii.build(factories.document()) if syntax == "CII" else ubl.build(factories.document())

    assert running.account().deposit(parcel(form=syntax, content=content)).acknowledgement == "Ok"


def test_the_same_deposit_twice_hands_over_once(running):
    account = running.account()

    first, second = account.deposit(parcel()), account.deposit(parcel())

    assert first.flow_id == second.flow_id
    assert len(running.simulated.ledger.numbers) == 1


def test_a_deposit_whose_answer_is_lost_is_found_again(running):
    running.post("/sandbox/faults", ["lost"])
    with pytest.raises(PlatformDown):
        running.account(timeout_s=0.5).deposit(parcel())

    flow = running.account().deposit(parcel())

    assert flow.acknowledgement == "Ok"
    assert len(running.simulated.ledger.numbers) == 1


def test_a_number_used_twice_is_rejected_with_the_reason(running):
    account = running.account()
    account.deposit(parcel())

    again = account.deposit(parcel(tracking_id="another"))

    assert again.acknowledgement == "Error"
    assert again.problems == ("REJ_UNI Ce numéro de facture a déjà été déposé",)
    rejected = heard(account)[-1]
    assert (rejected.code, rejected.reason_code) == (213, "REJ_UNI")


def test_a_file_that_is_none_is_told_apart_from_a_platform_that_is_down(running):
    flow = running.account().deposit(parcel(content=b"%PDF-1.7 nothing"))

    assert flow.acknowledgement == "Error"
    assert flow.problems[0].startswith("IRR_SYNTAX")


@pytest.mark.parametrize(
    ("code", "reason"), [(206, "QTE_ERR"), (207, "CALCUL_ERR"), (208, "JUSTIF_ABS"), (210, "TX_TVA_ERR"), (205, "")]
)
def test_what_the_buyer_says_comes_back_with_its_reason(running, code, reason):
    account = running.account()
    account.deposit(parcel())
    since = max(flow.updated_at for flow in account.changes(LONG_AGO))

    assert running.post("/sandbox/buyer", {"number": NUMBER, "status": code, "reason_code": reason}) == 200

    (flow,) = account.changes(since)
    (event,) = cdar.read(account.content(flow.flow_id))
    assert (event.number, event.code, event.reason_code) == (NUMBER, code, reason)


def test_a_token_that_ran_out_is_renewed(running):
    account = running.account()
    account.deposit(parcel())
    running.post("/sandbox/faults", ["token"])

    assert account.changes(LONG_AGO)


@pytest.mark.parametrize("fault", ["429", "500"])
def test_a_platform_that_is_busy_is_asked_again_later(running, fault):
    running.post("/sandbox/faults", [fault])

    with pytest.raises(PlatformDown, match=fault):
        running.account().deposit(parcel())
    assert running.account().deposit(parcel()).acknowledgement == "Ok"


def test_a_platform_that_is_away_is_down():
    nobody = FlowService(Config("http://127.0.0.1:9", "http://127.0.0.1:9/token", "a", "b", timeout_s=1))

    with pytest.raises(PlatformDown):
        nobody.changes(LONG_AGO)


def test_a_wrong_secret_is_a_refusal_that_does_not_tell_it(running):
    with pytest.raises(PlatformRefuses) as refusal:
        running.account(client_secret="wrong-secret").changes(LONG_AGO)

    assert "wrong-secret" not in str(refusal.value)


def test_what_the_standard_does_not_know_is_refused_in_the_platforms_words(running):
    with pytest.raises(PlatformRefuses, match="flowSyntax"):
        running.account().deposit(parcel(form="EDIFACT"))


def test_nothing_travels_in_clear_but_on_this_machine():
    with pytest.raises(PlatformRefuses, match="https"):
        FlowService(Config("http://pa.example", "http://pa.example/token", "a", "b")).changes(LONG_AGO)


def test_all_changes_come_however_many_pages_they_take(running):
    account = running.account()
    for n in range(80):
        document = factories.document(number=f"FA-{n}")
        running.simulated.ledger.take({"flowSyntax": "CII", "trackingId": f"FA-{n}", "sha256": ""}, cii.build(document))

    assert len(account.changes(LONG_AGO)) == len(running.simulated.ledger.flows) == 160
    late = sorted(row.updated_at for row in running.simulated.ledger.flows.values())[-3]
    assert len(account.changes(late + timedelta(microseconds=1))) == 2


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner)).map(msgspec.json.encode)
)
def test_whatever_a_platform_answers_is_an_answer_a_refusal_or_a_reason_to_wait(data):
    with contextlib.suppress(PlatformDown):
        flow_service._decoded(data, flow_service._Found)
    with pytest.raises(PlatformRefuses):
        flow_service._accepted(400, data)

"""VIES is asked, and what it does not say is not assumed."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sofy.billing.vies import HttpRegister, checked
from sofy.sandbox.vies.server import Config, SimulatedRegister

AT = datetime(2026, 4, 1, 9, tzinfo=UTC)
BELGIAN, OURS = "BE0202239951", "FR68919288548"


@pytest.fixture
def register() -> Iterator[SimulatedRegister]:
    """A register that runs beside the test."""
    made = SimulatedRegister(Config(valid={BELGIAN: "Client SA"}))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.start(), loop).result(10)
    yield made
    asyncio.run_coroutine_threadsafe(made.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.mark.clause("CGVU 9.2")
def test_a_valid_number_comes_with_the_proof_that_somebody_asked(register):
    proof = checked(BELGIAN, OURS, HttpRegister(register.url), AT)

    assert (proof.result, proof.asked_at) == ("valid", AT)
    assert proof.consultation.startswith("WAPI")
    assert register.asked == [(BELGIAN, OURS)]


def test_a_number_the_register_does_not_know_is_invalid(register):
    assert checked("DE136695976", OURS, HttpRegister(register.url), AT).result == "invalid"


@pytest.mark.clause("CGVU 9.2")
@pytest.mark.parametrize("fault", ["MS_MAX_CONCURRENT_REQ", "MS_UNAVAILABLE", "TIMEOUT", "lost"])
def test_a_register_that_is_away_says_nothing_and_answers_later(register, fault):
    register.faults.extend([fault] * 5)
    asked = [checked(BELGIAN, OURS, HttpRegister(register.url), AT) for _ in range(6)]

    assert [proof.result for proof in asked] == ["unavailable"] * 5 + ["valid"]
    assert asked[0].code == ("UNREADABLE" if fault == "lost" else fault)


def test_nobody_at_the_address_is_no_answer():
    assert checked(BELGIAN, OURS, HttpRegister("http://127.0.0.1:9", timeout_s=2), AT).code == "UNREACHABLE"


@pytest.mark.parametrize("number", ["BE0202239952", "CHE107787577", "XI366303068", "", "FR00000000000"])
def test_what_cannot_be_a_number_of_a_member_state_is_not_asked(register, number):
    proof = checked(number, OURS, HttpRegister(register.url), AT)

    assert (proof.result, proof.code, register.asked) == ("invalid", "MALFORMED", [])


@pytest.mark.parametrize("address", ["http://vies.example/", "ftp://x", "file:///etc/passwd"])
def test_an_address_without_tls_is_refused(address):
    with pytest.raises(ValueError, match="https"):
        HttpRegister(address)

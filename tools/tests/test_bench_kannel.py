"""Kannel is asked for the same messages as the product, and what it says of itself is read."""

from urllib.parse import parse_qs, urlsplit

import pytest
from tools.bench import kannel, load

STATUS = """
<gateway><sms><received><total>3</total><queued>0</queued></received>
<sent><total>120</total><queued>1</queued></sent></sms>
<dlr><received><total>119</total></received><sent><total>0</total></sent><queued>1</queued></dlr></gateway>
"""


@pytest.mark.parametrize("number", [0, 7])
def test_a_request_carries_the_same_text_in_the_same_alphabet(number):
    plan = load.Plan(programs=[load.Program(key="bench")], messages=1, connections=1, first=500, form="sendsms")

    line = load.sendsms(plan, number).decode().split(" ")[1]

    query = {name: values[0] for name, values in parse_qs(urlsplit(line).query).items()}
    assert (query["to"], query["text"]) == (load.recipient(500 + number), load.text(number))
    assert query["coding"] == ("2" if number % load.UCS2_EVERY == 0 else "0")


def test_what_was_sent_and_what_came_back_are_told_apart():
    assert [one.search(STATUS)[1] for one in (kannel._SENT, kannel._RECEIPTS)] == ["120", "119"]

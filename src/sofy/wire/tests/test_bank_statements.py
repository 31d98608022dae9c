"""Which form a statement has is seen from its first bytes."""

import io

import pytest

from sofy.wire import bank_statements, camt, cfonb
from sofy.wire.camt.tests.factories import OLDER, entry, written
from sofy.wire.cfonb.tests.test_reader import GOOD
from sofy.wire.iso20022 import BankFileError

LONG = written(*(entry("5.00", text=f"line {n}") for n in range(50)))


@pytest.mark.parametrize(("content", "reader"), [(LONG, camt), (OLDER, camt), (GOOD, cfonb)])
def test_each_form_is_read_by_its_own_reader(content, reader):
    wanted = list(reader.read(content))

    assert list(bank_statements.read(content)) == wanted
    assert list(bank_statements.read(io.BytesIO(content))) == wanted


def test_what_has_neither_form_is_refused():
    with pytest.raises(BankFileError):
        list(bank_statements.read(b"date;amount"))
    with pytest.raises(BankFileError):
        list(bank_statements.read(b""))

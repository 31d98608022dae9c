"""Whatever is invoiced by plain arithmetic passes the oracle, both syntaxes, and reads back as it was."""

from decimal import Decimal
from typing import Any

from drafthorse.models.document import Document as SecondReader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sofy.billing.document import Document, decoded, encoded
from sofy.billing.einvoice import cii, ubl
from sofy.billing.einvoice.oracle import Situation, problems
from sofy.billing.einvoice.validator import Validator
from sofy.billing.tests import factories

#: Who buys, with the VAT that follows and what must be known of them.
BUYERS: list[tuple[Any, dict[str, Any], Situation]] = [
    (factories.FRENCH, {"category": "S", "rate": "20"}, Situation()),
    (factories.REUNION, {"category": "S", "rate": "8.5"}, Situation()),
    (factories.GERMAN_WITHOUT_NUMBER, {"category": "S", "rate": "20"}, Situation()),
    (factories.BELGIAN, {"category": "AE"}, Situation(vat_id_valid=True)),
    (factories.SWISS, {"category": "G"}, Situation()),
    (factories.SWISS, {"category": "O"}, Situation(outside="O")),
]

quantities = st.decimals(min_value=Decimal("0.0001"), max_value=100_000, places=4)
prices = st.decimals(min_value=0, max_value=5_000, places=6)
shares = st.none() | st.integers(1, 366).flatmap(lambda of: st.tuples(st.integers(1, of), st.just(of)))
#: What XML can carry, in any script, never only spaces.
words = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=40)
labels = words.filter(lambda text: bool(text.strip()))
rows = st.tuples(quantities, prices, shares, labels, st.booleans())


@st.composite
def invoices(draw: st.DrawFn) -> tuple[Document, Situation]:
    buyer, vat, situation = draw(st.sampled_from(BUYERS))
    lines = [
        factories.line(f"{quantity:f}", f"{price:f}", share=share, label=label, third_party=third, **vat)
        for quantity, price, share, label, third in draw(st.lists(rows, min_size=1, max_size=8))
    ]
    document = factories.document(*lines, buyer=buyer, discounted=draw(st.booleans()))
    return document, situation


@given(invoices())
@settings(max_examples=200, deadline=None)
def test_the_oracle_agrees_with_plain_arithmetic(made):
    document, situation = made

    assert problems(document, situation) == []
    assert decoded(encoded(document)) == document


@given(made=invoices())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_syntaxes_are_valid_and_a_second_reader_reads_the_same(validator: Validator, made):
    document, _situation = made
    xml = cii.build(document)

    assert validator.findings(xml, "cii") == []
    assert validator.findings(ubl.build(document), "ubl") == []
    read = SecondReader.parse(xml)
    assert str(read.header.id) == document.number
    assert read.trade.settlement.monetary_summation.grand_total._amount == document.gross_eur
    amounts = [line.settlement.monetary_summation.total_amount._value for line in read.trade.items.children]
    assert amounts == [line.net_eur for line in document.lines]


@given(made=invoices(), cents=st.sampled_from([Decimal("0.01"), Decimal("-0.01")]))
@settings(max_examples=50, deadline=None)
def test_a_cent_more_or_less_anywhere_is_refused(made, cents):
    document, situation = made
    for field in ("net_eur", "vat_eur", "gross_eur", "payable_eur"):
        wrong = {name: getattr(document, name) for name in document.__struct_fields__}
        wrong[field] += cents

        assert problems(Document(**wrong), situation) != []


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_validator(validator: Validator, data):
    assert validator.findings(data, "cii") != []

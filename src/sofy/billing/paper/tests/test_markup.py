"""Whatever people wrote stays text: names and labels are never read as the markup of the page."""

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sofy.billing.paper.invoice import invoice_pdf
from sofy.billing.paper.tests import samples
from sofy.billing.paper.tests.reading import bare, text

#: Everything that means something to typst, among letters and spaces.
_MARKUP = "#*_$@<>\\`\"'~-=+/[](){}:;,.%&!?|^°"
_WRITTEN = st.text(alphabet=st.sampled_from("abcéÉçœ " + _MARKUP), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(_WRITTEN, _WRITTEN)
@example("#panic()", "#sys.inputs.data")
@example("\"unmatched 'quotes", "// comment /* and")
@example('#import "@preview/a:1.0.0"', "\\u{41} <label> @ref $x$ ---")
def test_what_was_given_is_what_is_read(name, label):
    document = samples.one_line()
    line = msgspec.structs.replace(document.lines[0], label=label, detail=name, establishment=label)
    buyer = msgspec.structs.replace(document.buyer, name=name)

    shown = bare(text(invoice_pdf(msgspec.structs.replace(document, lines=(line,), buyer=buyer))))

    assert bare(name) in shown
    assert bare(label) in shown


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_no_name_stops_an_invoice(name):
    document = samples.one_line()

    made = invoice_pdf(
        msgspec.structs.replace(document, buyer=msgspec.structs.replace(document.buyer, name=name), order_form=name)
    )

    assert made.startswith(b"%PDF-")

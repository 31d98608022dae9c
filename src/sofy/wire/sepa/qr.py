"""The code which a banking app reads to fill in a transfer.

Source: EPC069-12 (Quick Response Code: guidelines to enable data capture for the initiation of a credit transfer),
version 002 of the data; error correction M, at most QR version 13.
"""

import io
from decimal import Decimal

import segno

from sofy.kernel.errors import Refused
from sofy.kernel.money import euros
from sofy.wire.sepa import identifiers

_CENT = Decimal("0.01")
_MOST_EUR = Decimal("999999999.99")
_MOST_BYTES = 331
_MOST_NAME, _MOST_TEXT = 70, 140
#: Any of the eight masks can be read: the code says which. Trying all of them takes four fifths of the time.
_MASK = 4
_LARGEST = 13


def epc_text(
    *, name: str, iban: str, amount_eur: Decimal | None = None, reference: str = "", text: str = "", bic: str = ""
) -> str:
    """What the code says: who is paid, where, how much, and for what (an RF reference or a free text, not both).

    Raises: Refused epc_amount, epc_two_texts, epc_too_long, iban_invalid, reference_invalid, bic_invalid.
    """
    if reference and text:
        raise Refused("epc_two_texts")
    lines = [
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        identifiers.bic(bic) if bic else "",
        " ".join(name.split())[:_MOST_NAME],
        identifiers.iban(iban),
        _amount(amount_eur),
        "",  # purpose
        identifiers.reference(reference) if reference else "",
        " ".join(text.split())[:_MOST_TEXT],
    ]
    written = "\n".join(lines).rstrip("\n")
    if not lines[5] or len(written.encode()) > _MOST_BYTES:
        raise Refused("epc_too_long")
    return written


def _amount(amount_eur: Decimal | None) -> str:
    if amount_eur is None:
        return ""
    exact = euros(amount_eur)
    if not exact.is_finite() or not _CENT <= exact <= _MOST_EUR or exact != exact.quantize(_CENT):
        raise Refused("epc_amount")
    return f"EUR{exact.quantize(_CENT)}"


def epc_svg(written: str, *, scale: int = 3) -> str:
    """The code as SVG: dark on light, four modules of white around it."""
    code = segno.make(written, error="m", boost_error=False, encoding="utf-8", mode="byte", micro=False, mask=_MASK)
    if int(code.version) > _LARGEST:
        raise Refused("epc_too_long")
    out = io.BytesIO()
    code.save(out, kind="svg", scale=scale, border=4, xmldecl=False, light="#fff", svgclass=None, lineclass=None)
    return out.getvalue().decode()

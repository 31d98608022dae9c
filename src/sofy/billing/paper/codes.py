"""The QR code that fills in a bank transfer on a phone, as a drawing."""

from decimal import Decimal

from sofy.billing.document import Document
from sofy.kernel.errors import Refused
from sofy.press.printing import Whole
from sofy.wire.sepa.qr import epc_svg, epc_text


def transfer_code(document: Document, amount_eur: Decimal) -> Whole:
    """The code of a transfer of an amount that pays a document, as SVG; empty when there is no account to pay to.

    An account or a reference that no bank takes is no reason for an invoice not to be printed: it has no code then.
    """
    seller = document.seller
    try:
        text = epc_text(
            name=seller.party.name,
            iban=seller.iban,
            bic=seller.bic,
            amount_eur=amount_eur,
            reference=document.payment.reference,
        )
        return Whole(epc_svg(text))
    except Refused:
        return Whole()

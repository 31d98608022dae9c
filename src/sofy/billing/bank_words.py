"""What people are told of files of banks, mandates and direct debits that cannot be used.

Codes of `Refused` of `wire` and `rules.mandates`; whoever shows them registers them with `ui.problems`. No sentence
quotes a file: it names line and element.
"""


def _(text: str) -> str:
    """Mark a text for the catalogue; pages translate it, rules and wire need no framework."""
    return text


REFUSALS: dict[str, str] = {
    "bank_file_empty": _("The file is empty. Ask your bank for it again."),
    "bank_file_packed": _("This is a packed file or a PDF: unpack it, and load the XML file inside."),
    "bank_file_not_xml": _(
        "This is no XML, or it is cut off or damaged (line {line}). Load the file again as the bank sent it."
    ),
    "bank_file_encoding": _("The file is written in an encoding that banks do not use. Ask your bank for UTF-8."),
    "bank_file_doctype": _(
        "The file declares a document type, which no file of a bank does: it was refused for safety."
    ),
    "bank_file_too_deep": _("The file nests its elements too deeply to be a bank’s (line {line})."),
    "bank_file_too_large": _("The file is too large ({most} at most). Ask your bank for shorter periods."),
    "bank_file_too_slow": _(
        "The file takes too long to read ({most} seconds at most). Ask your bank for shorter periods."
    ),
    "bank_file_other": _("This is another kind of file. Expected: {expected}."),
    "bank_file_nested": _("The element {element} is inside another one where it cannot be (line {line})."),
    "bank_file_missing": _("The element {element} is missing (line {line})."),
    "bank_file_value": _("The element {element} does not hold what it should: {expected} (line {line})."),
    "bank_file_currency": _("A line is in another currency than its account (line {line})."),
    "bank_file_balance": _(
        "The statement does not add up: {opening} at the beginning and {booked} booked do not make {closing}. Nothing"
        " was taken over: ask your bank for a complete file."
    ),
    "bank_file_count": _(
        "The file announces {said} entries and holds {found}. Nothing was taken over: ask your bank for a complete"
        " file."
    ),
    "iban_invalid": _("This IBAN has a mistake: check its digits."),
    "iban_not_sepa": _("Accounts in this country ({country}) cannot be debited or paid in SEPA."),
    "bic_invalid": _("This BIC has a mistake: it has 8 or 11 letters and digits."),
    "creditor_id_invalid": _("This SEPA creditor identifier has a mistake: in France it looks like FR72ZZZ123456."),
    "reference_invalid": _("This payment reference has a mistake: check the digits behind RF."),
    "reference_too_long": _(
        "The invoice number is too long for a payment reference: {most} letters and digits at most."
    ),
    "epc_amount": _("A payment code takes amounts from 0.01 to 999,999,999.99 euros."),
    "epc_two_texts": _("A payment code has a reference or a text, not both."),
    "epc_too_long": _("This does not fit into a payment code: give a name and a shorter text."),
    "mandate_not_signed": _("The mandate was signed after this day."),
    "mandate_revoked": _("The mandate was revoked: have a new one signed."),
    "mandate_closed": _("The last debit of this mandate was made: have a new one signed."),
    "mandate_used": _("This mandate was for one debit, which was made: have a new one signed."),
    "mandate_lapsed": _("The mandate was not used for 36 months and has lapsed: have a new one signed."),
    "mandate_unregistered": _("The client’s bank has not registered this B2B mandate: ask the client to see to it."),
    "mandate_sequence": _("The sequence type {sequence} does not fit the mandate {mandate}."),
    "notice_days": _("A debit is announced 1 to {most} days before."),
    "sepa_id": _(
        "An identifier cannot go to the bank ({what}): at most 35 plain letters, digits and punctuation, without"
        " spaces."
    ),
    "sepa_empty": _("There is no debit to send."),
    "sepa_doubled": _("The debit {debit} is there twice."),
    "sepa_mandate_twice": _("Two debits use one mandate with different days of signature ({debit})."),
    "sepa_amount": _("The amount of the debit {debit} is no amount from 0.01 to 999,999,999.99 euros."),
    "sepa_signed_after": _("The mandate of the debit {debit} was signed after the day of the debit."),
    "sepa_sequence": _("The debit {debit} has a sequence type or scheme that does not exist."),
    "sepa_amendment_empty": _("The debit {debit} announces a change of its mandate and says none."),
    "sepa_name": _("A name of the debit {debit} holds nothing that a bank can write: give it in Latin letters."),
    "sepa_address": _("An address of the debit {debit} needs a town and a country of two capital letters."),
    "pain_schema": _("The file of debits is not valid and was not made ({problem})."),
}

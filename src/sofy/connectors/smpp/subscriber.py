"""The phone a delivery comes from, in one form however the operator writes it."""

from sofy.kernel import phone


def subscriber(source: str) -> str:
    """E.164 digits without the sign: what an answer and its message are matched by.

    Some operators write numbers as one dials them at home, or with the international prefix.
    Source: SMPP 3.4, 5.2.5 (source_addr_ton), which few fill in truly: the digits decide.
    """
    digits = source.strip().lstrip("+")
    if not digits.startswith("0"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    found = phone.parse(digits, fictional=True)
    return found.e164.lstrip("+") if isinstance(found, phone.Number) else digits

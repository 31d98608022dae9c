"""Why a debit came back, in words, and what to do next.

Source: EPC173-14 (reason codes of SEPA R-transactions), ISO 20022 external codes.
"""

from typing import Literal

import msgspec

#: What becomes of the mandate: it stays, it waits for another account, or it is not used any more.
Mandate = Literal["keep", "ask_account", "stop"]


class ReturnReason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason: what happened and what to do next, in English and French. `again`: may be presented again."""

    code: str
    en: str
    fr: str
    next_en: str
    next_fr: str
    again: bool
    mandate: Mandate


class _Step(msgspec.Struct, frozen=True):
    en: str
    fr: str
    again: bool = False
    mandate: Mandate = "keep"


_FUNDS = _Step(
    "Ask for a transfer; present the debit once more when the client says that the account is funded.",
    "Demandez un virement ; représentez le prélèvement une fois le compte provisionné, quand le client le dit.",
    again=True,
)
_ACCOUNT = _Step(
    "Ask for other account details and amend the mandate before the next debit; ask for a transfer meanwhile.",
    "Demandez d’autres coordonnées bancaires et modifiez le mandat avant le prochain prélèvement ; demandez un virement"
    " en attendant.",
    mandate="ask_account",
)
_MANDATE = _Step(
    "Do not debit again under this mandate: have a new one signed, and keep the proof of the old one.",
    "Ne prélevez plus sur ce mandat : faites-en signer un nouveau, et gardez la preuve de l’ancien.",
    mandate="stop",
)
_TWICE = _Step(
    "Check that the other debit has paid the invoice.", "Vérifiez que l’autre prélèvement a payé la facture."
)
_ASK = _Step(
    "Ask the client why before debiting again: the invoice is due since its original date.",
    "Demandez-en la raison au client avant de prélever à nouveau : la facture est due depuis sa date d’origine.",
)
_WRITE = _Step(
    "Write to the client: the invoice is due since its original date.",
    "Écrivez au client : la facture est due depuis sa date d’origine.",
    again=True,
)
_PERSON = _Step(
    "Stop collection and let a person decide.",
    "Arrêtez le recouvrement et laissez une personne décider.",
    mandate="stop",
)
_LIMITS = _Step(
    "Ask the client to have its bank accept your creditor identifier, then present again.",
    "Demandez au client d’autoriser votre identifiant créancier à sa banque, puis représentez.",
    again=True,
)
_KNOWN: tuple[tuple[str, str, str, _Step], ...] = (
    ("AM04", "Insufficient funds", "Provision insuffisante", _FUNDS),
    ("AC01", "Account number wrong", "Coordonnées bancaires inexactes", _ACCOUNT),
    ("AC04", "Account closed", "Compte clôturé", _ACCOUNT),
    ("AC06", "Account blocked", "Compte bloqué", _ACCOUNT),
    ("AC13", "The account belongs to a consumer", "Compte d’un particulier", _ACCOUNT),
    ("AG01", "Debits are not allowed on this account", "Prélèvement interdit sur ce compte", _ACCOUNT),
    ("AM05", "Presented twice", "Présenté deux fois", _TWICE),
    ("MD01", "No mandate, or mandate revoked", "Absence de mandat, ou mandat révoqué", _MANDATE),
    ("MD06", "The client had it paid back (8 weeks)", "Remboursement demandé par le client (8 semaines)", _ASK),
    ("MD07", "The client has died", "Client décédé", _PERSON),
    ("MS02", "Refused by the client", "Refus du client", _ASK),
    ("MS03", "The bank gives no reason", "Raison non communiquée par la banque", _WRITE),
    ("SL01", "The client’s own limits at its bank", "Restrictions demandées par le client à sa banque", _LIMITS),
)


def _made(code: str, en: str, fr: str, step: _Step) -> ReturnReason:
    return ReturnReason(
        code=code, en=en, fr=fr, next_en=step.en, next_fr=step.fr, again=step.again, mandate=step.mandate
    )


RETURN_REASONS: dict[str, ReturnReason] = {known[0]: _made(*known) for known in _KNOWN}


def return_reason(code: str) -> ReturnReason:
    """What a reason code means; one that is not listed is said so, and never presented again by itself."""
    known = RETURN_REASONS.get(code)
    if known is not None:
        return known
    shown = f" ({code})" if code.isalnum() and len(code) <= 4 else ""
    return _made(code, f"A reason that is not listed{shown}", f"Une raison hors liste{shown}", _ASK)

"""What matching says to people, in English and French; facts are filled in as {name}."""

from sofy.billing.rules.matching.values import Reason

SAID: dict[str, tuple[str, str]] = {
    "by_end_to_end": ("One of our direct debits, by its identifier", "Un de nos prélèvements, par son identifiant"),
    "by_batch": ("A whole batch of our direct debits", "Une remise entière de nos prélèvements"),
    "by_reference": ("The payment reference of the invoice", "La référence de paiement de la facture"),
    "by_number": ("The invoice number in the text", "Le numéro de facture dans le libellé"),
    "by_account": ("A known account and the exact amount", "Un compte connu et le montant exact"),
    "nothing": ("Nothing to do", "Rien à faire"),
    "pending": ("Announced, not booked yet", "Annoncé, pas encore comptabilisé"),
    "known": ("Known already, nothing changed", "Déjà connu, rien n’a changé"),
    "fees": ("Charged by the bank", "Frais de la banque"),
    "overpaid": ("Paid too much: kept as the client’s credit", "Trop-perçu : gardé en avoir du client"),
    "credit_returned": (
        "The debit came back: the credit it had left is taken back",
        "Prélèvement revenu : le crédit qu’il avait laissé est repris",
    ),
    "other_currency": ("Not in euros", "Pas en euros"),
    "other_means": (
        "A cheque or a card: the contract knows SEPA debit and transfer only",
        "Un chèque ou une carte : le contrat ne connaît que le prélèvement SEPA et le virement",
    ),
    "reversal": ("The bank corrects an earlier line", "La banque corrige une ligne précédente"),
    "transfer_back": (
        "A transfer we made came back: nobody has paid us",
        "Un de nos virements est revenu : personne ne nous a payés",
    ),
    "debit_amount": (
        "One of our direct debits, with another amount",
        "Un de nos prélèvements, d’un autre montant",
    ),
    "details_differ": (
        "The payments of this line do not come to its amount",
        "Les paiements de cette ligne ne font pas son montant",
    ),
    "batch_unknown": (
        "A total that is no batch of ours, or of another amount",
        "Un total qui n’est pas une de nos remises, ou d’un autre montant",
    ),
    "no_sign": ("No reference, no number, no known amount", "Ni référence, ni numéro, ni montant connu"),
    "several_readings": ("The text may mean several invoices", "Le libellé peut désigner plusieurs factures"),
    "several_clients": (
        "The invoices named belong to several clients",
        "Les factures nommées sont à plusieurs clients",
    ),
    "paid_already": ("Invoice {number} is paid already", "La facture {number} est déjà payée"),
    "debit_twice": (
        "This direct debit was collected already, or came back",
        "Ce prélèvement est déjà encaissé, ou revenu impayé",
    ),
    "return_amount": (
        "A debit that came back with another amount",
        "Un prélèvement revenu impayé avec un autre montant",
    ),
    "return_early": (
        "A debit came back whose collection was not seen yet: load the earlier statement",
        "Un prélèvement est revenu avant que son encaissement soit vu : chargez le relevé précédent",
    ),
    "return_twice": ("This debit came back already", "Ce prélèvement est déjà revenu impayé"),
    "return_unknown": ("A debit came back that is not ours to see", "Un impayé qui n’est d’aucun de nos prélèvements"),
    "money_out": ("Money out that nobody expected", "Une sortie d’argent que personne n’attendait"),
    "same_amount": ("This client has an invoice of this amount", "Ce client a une facture de ce montant"),
    "together": ("These invoices of the client make the amount", "Ces factures du client font le montant"),
    "oldest_first": ("The client’s oldest invoices first", "Les plus anciennes factures du client d’abord"),
    "credit": ("The client has nothing open: keep it as a credit", "Le client ne doit rien : gardez-le en avoir"),
    "only_amount": (
        "An invoice of just this amount; nothing else speaks for it",
        "Une facture de ce montant exact ; rien d’autre ne parle pour elle",
    ),
    "block": (
        "The batch has {count} debits still to be collected, {total} EUR in all",
        "La remise compte {count} prélèvements à encaisser, {total} EUR en tout",
    ),
}


def said(reason: Reason, language: str = "fr") -> str:
    """A reason in words. Raises: KeyError for a code that nobody listed."""
    english, french = SAID[reason.code]
    return (english if language == "en" else french).format(**reason.facts)

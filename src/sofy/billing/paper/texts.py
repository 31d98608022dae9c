"""The words of invoices, in both languages. What a document itself says (labels, notes, reasons) is not translated."""

from sofy.billing.einvoice.mentions import DEBITS
from sofy.press.words import Language

KINDS: dict[str, tuple[str, str]] = {
    "invoice": ("Facture", "Invoice"),
    "credit_note": ("Avoir", "Credit note"),
    "debit_note": ("Note de débit", "Debit note"),
}

#: The first word of a line's code -> the heading of its group.
FAMILIES: dict[str, tuple[str, str]] = {
    "subscription": ("Abonnements", "Subscriptions"),
    "poi": ("Points de vente supplémentaires", "Additional points of sale"),
    "onboarding": ("Mise en service", "Onboarding"),
    "option": ("Options", "Options"),
    "usage": ("Usage", "Usage"),
    "third": ("Redevances de tiers, au coût, sans marge", "Fees of third parties, at cost, no margin"),
    "correction": ("Corrections", "Corrections"),
    "indexation": ("Révision des prix", "Price revision"),
    "credit": ("Avoirs", "Credits"),
    "less": ("Déductions", "Deductions"),
    "discount": ("Escompte", "Early-payment discount"),
    "penalty": ("Pénalités de retard", "Late-payment penalties"),
    "recovery": ("Frais de recouvrement", "Recovery costs"),
}

CHANNELS: dict[str, str] = {"sms": "SMS", "rcs": "RCS", "whatsapp": "WhatsApp", "email": "E-mail"}

#: Other first words, and whose group they belong to.
SAME_AS: dict[str, str] = {
    **dict.fromkeys(("soview", "soconnect", "soreach", "messaging"), "subscription"),
    **dict.fromkeys(("sms", "rcs", "whatsapp", "email"), "usage"),
    "extra": "poi",
    "revision": "indexation",
    "sla": "credit",
    **dict.fromkeys(("interest", "penalties"), "penalty"),
}

#: UN/ECE recommendation 20 -> singular and plural, French and English; a unit is not worth a word.
UNITS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "MON": (("mois", "mois"), ("month", "months")),
    "DAY": (("jour", "jours"), ("day", "days")),
    "HUR": (("heure", "heures"), ("hour", "hours")),
    "ANN": (("an", "ans"), ("year", "years")),
}

#: UNTDID 4451, or a text -> what a note is about, for readers of the English page, whose notes stay in French.
NOTES: dict[str, str] = {
    "PMD": "Late-payment penalties",
    "PMT": "Recovery costs",
    "AAB": "Early-payment discount",
    DEBITS: "VAT due when invoiced",
}

_WORDS: dict[str, tuple[str, str]] = {
    "page": ("page", "page"),
    "number": ("n°", "no."),
    "issued": ("Émise le", "Issued on"),
    "issued_credit": ("Émis le", "Issued on"),
    "to": ("Client", "Client"),
    "period": ("Période", "Period of service"),
    "order_form": ("Bon de commande", "Order form"),
    "purchase_order": ("Votre commande", "Your order"),
    "buyer_reference": ("Votre référence", "Your reference"),
    "corrects": ("Corrige", "Corrects"),
    "of": ("du", "of"),
    "nature": ("Nature", "Nature"),
    "services": ("prestations de services", "supply of services"),
    "siren": ("SIREN", "SIREN"),
    "siret": ("SIRET", "SIRET"),
    "vat_id": ("N° de TVA", "VAT no."),
    "to_pay": ("À payer", "Amount due"),
    "nothing_to_pay": ("Rien à payer", "Nothing to pay"),
    "in_your_favour": ("En votre faveur", "In your favour"),
    "by": ("au plus tard le", "by"),
    "debited_on": ("prélèvement SEPA le", "collected by SEPA direct debit on"),
    "or_by": ("ou, en payant au plus tard le", "or, when paying by"),
    "discount": (
        "Escompte de {percent} sur le montant HT : {off} en moins.",
        "Early-payment discount of {percent}: {off} less.",
    ),
    "debit_discount": (
        "Escompte de {percent} déduit : {off}. Montant de la facture : {nominal}.",
        "Discount of {percent} taken off: {off}. Amount of the invoice: {nominal}.",
    ),
    "net_and_vat": ("{net} HT et {vat} de TVA", "{net} before VAT and {vat} of VAT"),
    "debit_say": (
        "Vous n'avez rien à faire : le compte désigné par votre mandat sera débité. Cette facture est la"
        " prénotification du prélèvement.",
        "Nothing is left to do: the account named in your mandate will be debited. This invoice is the"
        " pre-notification of the debit.",
    ),
    "no_discount": ("Prélèvement à l'échéance, sans escompte.", "Debited when due, without discount."),
    "credit_say": (
        "Cet avoir corrige {origin} : il n'y a rien à payer.",
        "This credit note corrects {origin}: there is nothing to pay.",
    ),
    "origin": ("la facture {number} du {day}", "invoice {number} of {day}"),
    "and": ("et", "and"),
    "mandate": ("Mandat (RUM)", "Mandate (UMR)"),
    "creditor_id": ("Créancier (ICS)", "Creditor id"),
    "payee": ("Virement à", "Transfer to"),
    "iban": ("IBAN", "IBAN"),
    "bic": ("BIC", "BIC"),
    "reference": ("Référence", "Reference"),
    "scan": (
        "Le code remplit le virement dans l'application de votre banque : bénéficiaire, montant et référence.",
        "The code fills in the transfer in your bank's app: payee, amount and reference.",
    ),
    "designation": ("Désignation", "Description"),
    "quantity": ("Quantité", "Quantity"),
    "unit_price": ("Prix unitaire HT", "Unit price excl. VAT"),
    "vat": ("TVA", "VAT"),
    "net": ("Montant HT", "Amount excl. VAT"),
    "no_vat_price": ("Prix unitaire", "Unit price"),
    "no_vat_net": ("Montant", "Amount"),
    "at_cost": ("au coût", "at cost"),
    "share": ("au prorata : {days} sur {whole}", "pro rata: {days} of {whole}"),
    "others": ("Prestations", "Services"),
    "subtotal": ("Sous-total", "Subtotal"),
    "carried": ("À reporter", "Carried forward"),
    "total_net": ("Total HT", "Total excl. VAT"),
    "total_vat": ("TVA", "VAT"),
    "total_gross": ("Total TTC", "Total incl. VAT"),
    "total": ("Total", "Total"),
    "paid": ("Déjà payé", "Already paid"),
    "left": ("Reste à payer", "Left to pay"),
    "vat_recap": ("TVA par taux", "VAT by rate"),
    "rate": ("Taux", "Rate"),
    "base": ("Base HT", "Base"),
    "outside": ("hors champ", "out of scope"),
    "why": ("Pourquoi ces lignes", "Why each line is there"),
    "why_note": (
        "Chaque lettre renvoie à la phrase du contrat ou de la loi qui fonde la ligne.",
        "Each letter leads to the sentence of the contract or of the law, in French, behind the line.",
    ),
    "this_document": ("Ce document", "This document"),
    "usage": ("Usage jour par jour", "Usage day by day"),
    "usage_note": (
        "Chaque bande a sa propre échelle ; son plus grand jour est écrit dessous.",
        "Each strip has a scale of its own; its busiest day is written below.",
    ),
    "channel": ("Canal", "Channel"),
    "billed": ("Quantité", "Quantity"),
    "busiest": ("maximum {quantity} le {day}", "{quantity} at most, on {day}"),
    "mentions": ("Mentions légales et conditions de règlement", "Legal notices and terms of payment"),
    "binding": ("Le texte français fait foi.", "The French wording is the one that binds."),
    "sites": ("Annexe : par point de vente", "Annex: by point of sale"),
    "sites_note": (
        "{count} points de vente ; ce qui leur revient dans cette facture, hors taxes.",
        "{count} points of sale; their part of this invoice, before VAT.",
    ),
    "site_code": ("Code", "Code"),
    "site": ("Point de vente", "Point of sale"),
}


def word(key: str, language: Language) -> str:
    """One text of the page."""
    return _WORDS[key][0 if language == "fr" else 1]


def of(pair: tuple[str, str], language: Language) -> str:
    """The one of two texts that the reader reads."""
    return pair[0 if language == "fr" else 1]

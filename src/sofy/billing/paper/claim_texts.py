"""The words of case files and formal notices, in both languages. Sentences of the contract stay in French."""

from sofy.press.words import Language

#: What a notice is.
NOTICES: dict[str, tuple[str, str]] = {
    "reminder": ("Relance", "Reminder"),
    "formal": ("Mise en demeure", "Formal notice"),
    "second": ("Seconde mise en demeure", "Second formal notice"),
}
#: How it left.
CHANNELS: dict[str, tuple[str, str]] = {
    "email": ("e-mail avec accusé de réception", "e-mail with acknowledgement"),
    "e_registered": ("lettre recommandée électronique qualifiée", "qualified registered e-mail"),
    "registered": ("lettre recommandée avec avis de réception", "registered letter"),
    "hand": ("remise en main propre", "handed over"),
    "screen": ("à l'écran", "on screen"),
}
#: What proves that it arrived.
PROOFS: dict[str, tuple[str, str]] = {
    "acknowledgement": ("accusé de réception par le destinataire", "acknowledged by the recipient"),
    "qualified": ("preuve de réception qualifiée", "qualified proof of receipt"),
    "qualified_registered": ("preuve de réception qualifiée", "qualified proof of receipt"),
    "registered": ("avis de réception signé", "signed receipt"),
    "registered_letter": ("avis de réception signé", "signed receipt"),
    "hand": ("remise contre signature", "handed over against a signature"),
}
#: What only seems to prove it.
NO_PROOFS: dict[str, tuple[str, str]] = {
    "smtp": ("réponse du serveur d'e-mail", "answer of the mail server"),
    "dsn": ("avis de remise du serveur d'e-mail", "delivery report of the mail server"),
    "read_receipt": ("confirmation de lecture automatique", "automatic read receipt"),
}
#: What was done.
ACTS: dict[str, tuple[str, str]] = {
    "formal_sent": ("Mise en demeure envoyée", "Formal notice sent"),
    "second_sent": ("Seconde mise en demeure envoyée", "Second formal notice sent"),
    "delivered": ("Réception de la mise en demeure", "Receipt of the notice"),
    "cured": ("Factures de la mise en demeure réglées", "Invoices of the notice paid"),
    "suspended": ("Accès suspendu ; les abonnements restent facturés", "Access suspended; subscriptions go on"),
    "lifted": ("Accès rétabli", "Access given back"),
}
#: What changed the open amount of an invoice.
MOVES: dict[str, tuple[str, str]] = {
    "payment": ("encaissement", "payment"),
    "return": ("rejet de prélèvement", "debit returned"),
    "credit_note": ("avoir", "credit note"),
    "discount": ("escompte", "discount"),
    "tolerance": ("écart toléré", "tolerated difference"),
}
#: Names of public holidays: those of a date, and those so many days from Easter.
FIXED: dict[tuple[int, int], tuple[str, str]] = {
    (1, 1): ("Jour de l'An", "New Year"),
    (5, 1): ("Fête du Travail", "Labour Day"),
    (5, 8): ("Victoire 1945", "Victory 1945"),
    (7, 14): ("Fête nationale", "National Day"),
    (8, 15): ("Assomption", "Assumption"),
    (11, 1): ("Toussaint", "All Saints"),
    (11, 11): ("Armistice", "Armistice"),
    (12, 25): ("Noël", "Christmas"),
}
MOVING: dict[int, tuple[str, str]] = {
    1: ("Lundi de Pâques", "Easter Monday"),
    39: ("Ascension", "Ascension"),
    50: ("Lundi de Pentecôte", "Whit Monday"),
}

_WORDS: dict[str, tuple[str, str]] = {
    "page": ("page", "page"),
    "case_file": ("Dossier de recouvrement", "Case file of a late payer"),
    "debtor": ("Débiteur", "Debtor"),
    "siren": ("SIREN", "SIREN"),
    "siret": ("SIRET", "SIRET"),
    "vat_id": ("N° de TVA", "VAT no."),
    "as_of": ("Arrêté au", "As of"),
    "contract": ("Contrat", "Contract"),
    "principal": ("Principal restant dû", "Principal still owed"),
    "interest": ("Pénalités de retard", "Late-payment penalties"),
    "recovery": ("Indemnités forfaitaires", "Recovery costs"),
    "claimed": ("Total réclamé", "Total claimed"),
    "provisional": (
        "Provisoire : le taux légal d'un semestre n'est pas encore publié, aucune pénalité n'en est comptée.",
        "Provisional: the legal rate of a half-year is not published yet, and no penalty of it is counted.",
    ),
    "late_invoices": ("Factures échues", "Overdue invoices"),
    "invoice": ("Facture", "Invoice"),
    "issued": ("Émise le", "Issued"),
    "due": ("Échéance", "Due"),
    "gross": ("Montant TTC", "Amount"),
    "open": ("Reste dû", "Still owed"),
    "moves": ("Ce qui a été reçu ou déduit", "What was received or taken off"),
    "moves_note": (
        "À la date de comptabilisation par la banque (CGVU 22) ; ce qui est rejeté redevient dû à son échéance"
        " d'origine.",
        "By the booking date of the bank (CGVU 22); what was returned is due since its original due date.",
    ),
    "on": ("Le", "On"),
    "what": ("Nature", "What"),
    "reference": ("Référence", "Reference"),
    "amount": ("Montant", "Amount"),
    "interest_title": ("Pénalités, par semestre et par solde", "Penalties, by half-year and balance"),
    "interest_note": (
        "Solde × taux × jours / 365, du lendemain de l'échéance au jour de l'encaissement compris ; chaque ligne est"
        " arrondie au centime, puis additionnée. Les pénalités et les indemnités sont hors du champ de la TVA.",
        "Balance × rate × days / 365, from the day after the due date to the day of collection; each line is rounded to"
        " the cent, then added. Penalties and recovery costs are out of the scope of VAT.",
    ),
    "recovery_row": (
        "{count} × indemnité forfaitaire de recouvrement",
        "{count} × fixed recovery costs",
    ),
    "noted": ("Déjà portées sur une note de débit", "Already on a debit note"),
    "days_of": ("Du – au", "From – to"),
    "days": ("Jours", "Days"),
    "balance": ("Solde", "Balance"),
    "rate": ("Taux annuel", "Yearly rate"),
    "no_rate": ("taux de {half} non publié", "rate of {half} not published"),
    "pending": ("en attente", "pending"),
    "notices": ("Mises en demeure et délais", "Formal notices and their days"),
    "sent": ("Envoyée", "Sent"),
    "delivered": ("Reçue", "Delivered"),
    "proves_nothing": (
        "{how} : ne prouve pas la réception, le délai n'a pas commencé",
        "{how}: no proof of delivery, the days have not begun",
    ),
    "not_proved": (
        "réception non prouvée : le délai n'a pas commencé",
        "delivery not proved: the days have not begun",
    ),
    "sent_proof": ("Preuve d'envoi", "Proof of sending"),
    "proof": ("Preuve de réception", "Proof of delivery"),
    "about": ("Factures", "Invoices"),
    "text_hash": ("Texte (SHA-256)", "Text (SHA-256)"),
    "day_zero": ("jour 0 : réception", "day 0: delivery"),
    "counts": ("{number}ᵉ jour ouvré", "business day {number}"),
    "counts_first": ("1er jour ouvré", "business day 1"),
    "weekend": ("week-end", "weekend"),
    "holiday": ("férié", "holiday"),
    "lawful": ("suspension possible dès 00:00", "suspension lawful from 00:00"),
    "lawful_second": ("résiliation possible dès 00:00", "termination lawful from 00:00"),
    "first_lawful": ("Premier jour où l'accès peut être suspendu", "First day on which access may be suspended"),
    "first_lawful_second": ("Premier jour où le contrat peut être résilié", "First day on which the contract may end"),
    "calendar_note": (
        "Jours du lundi au vendredi, hors jours fériés nationaux ; le jour de réception ne compte pas.",
        "Monday to Friday without national holidays; the day of delivery does not count.",
    ),
    "acts": ("Actes, dans l'ordre", "Acts, in their order"),
    "acts_note": (
        "Chaque pièce est conservée ; son empreinte SHA-256 permet de vérifier que rien n'y a été changé.",
        "Each piece is kept; its SHA-256 shows that nothing in it was changed.",
    ),
    "by": ("par {name}", "by {name}"),
    "basis": ("Ce que dit le contrat", "What the contract says"),
    "basis_note": ("Conditions générales, version du {day}.", "General terms, version of {day}, in French."),
}


def word(key: str, language: Language, **facts: str) -> str:
    """One text of the page."""
    return _WORDS[key][0 if language == "fr" else 1].format(**facts)


def of(pairs: dict[str, tuple[str, str]], code: str, language: Language) -> str:
    """The words of a code; a code without words is shown as it is."""
    return pairs[code][0 if language == "fr" else 1] if code in pairs else code

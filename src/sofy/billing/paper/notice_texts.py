"""The words of a formal notice, in both languages: plain, firm and without threats that the contract does not make."""

from sofy.press.words import Language

KINDS: dict[str, tuple[str, str]] = {
    "formal": ("Mise en demeure", "Formal notice"),
    "second": ("Seconde mise en demeure", "Second formal notice"),
}

_PHRASES: dict[str, tuple[str, str]] = {
    "page": ("page", "page"),
    "to": ("À l'attention de", "To"),
    "place": ("{town}, le {day}", "{town}, {day}"),
    "subject_formal": (
        "Mise en demeure de payer {number} – contrat {contract}",
        "Formal notice to pay {number} – contract {contract}",
    ),
    "subject_second": (
        "Seconde mise en demeure de payer {number}, avant résiliation – contrat {contract}",
        "Second formal notice to pay {number}, before the end of the contract – contract {contract}",
    ),
    "hello": ("Madame, Monsieur,", "Dear Sir or Madam,"),
    "before": (
        "Au {day}, sauf erreur ou paiement qui se serait croisé avec ce courrier, ce qui suit reste impayé après son"
        " échéance :",
        "On {day}, unless a payment has crossed this letter, the following is unpaid after its due date:",
    ),
    "provisional": (
        "Le taux légal d'un semestre n'est pas encore publié : les pénalités de ce semestre s'ajouteront.",
        "The legal rate of a half-year is not published yet: the penalties of that half-year will be added.",
    ),
    "interest_title": ("Calcul des pénalités", "How the penalties were worked out"),
    "asks": (
        "Par la présente, vous êtes mis en demeure de payer {total}.",
        "You are hereby given formal notice to pay {total}.",
    ),
    "days": (
        "Le délai est de cinq jours ouvrés (du lundi au vendredi, hors jours fériés nationaux) après la réception de"
        " cette mise en demeure. Reçue le {day}, elle fait courir un délai qui prend fin le {last} à minuit.",
        "You have five business days (Monday to Friday, without national holidays) after receiving this notice. If"
        " received on {day}, they end on {last} at midnight.",
    ),
    "then_formal": (
        "À défaut, l'accès aux Services pourra être suspendu dès le lendemain. Les redevances d'abonnement restent dues"
        " pendant la suspension. L'accès est rétabli dès l'encaissement. L'export de vos données reste ouvert.",
        "Without payment, access to the Services may be suspended from the day after. Subscription fees stay due during"
        " the suspension. Access comes back as soon as the money is collected. The export of your data stays open.",
    ),
    "then_second": (
        "L'accès aux Services est déjà suspendu. À défaut de paiement, le contrat pourra être résilié dès le lendemain,"
        " sur décision d'une personne. L'export de vos données reste ouvert.",
        "Access to the Services is suspended already. Without payment, the contract may be ended from the day after, by"
        " the decision of a person. The export of your data stays open.",
    ),
    "grows": (
        "Les pénalités courent chaque jour jusqu'à l'encaissement ; l'indemnité forfaitaire n'est due qu'une fois par"
        " facture.",
        "Penalties grow every day until the money is collected; recovery costs are due once per invoice.",
    ),
    "human": (
        "Si une facture est contestée ou si un délai est nécessaire, répondez à ce courrier : une personne vous lira.",
        "If an invoice is disputed, or if you need more time, answer this letter: a person will read it.",
    ),
    "payee": ("Virement à", "Transfer to"),
    "iban": ("IBAN", "IBAN"),
    "bic": ("BIC", "BIC"),
    "reference": ("Référence", "Reference"),
    "acknowledge": (
        "Merci d'accuser réception de cette mise en demeure ici :",
        "Please acknowledge that you received this notice here:",
    ),
    "quoted": (
        "Conditions générales de vente et d'utilisation, version du {day} :",
        "General terms, version of {day}, in French:",
    ),
}


def phrase(key: str, language: Language, **facts: str) -> str:
    """One sentence of the letter."""
    return _PHRASES[key][0 if language == "fr" else 1].format(**facts)

"""The words of an order form, in both languages."""

from sofy.press.words import Language

PRODUCTS: dict[str, tuple[str, str]] = {
    "soview": ("SoView", "SoView"),
    "soconnect": ("SoConnect", "SoConnect"),
    "soreach": ("SoReach", "SoReach"),
    "messaging": ("Services de messagerie", "Messaging services"),
    "onboarding": ("Mise en service", "Onboarding"),
    "option": ("Option", "Option"),
}
EVERY: dict[str, tuple[str, str]] = {
    "once": ("une fois", "once"),
    "month": ("par mois", "per month"),
    "quarter": ("par trimestre", "per quarter"),
    "year": ("par an", "per year"),
}
BILLED: dict[str, tuple[str, str]] = {
    "advance": ("facturé d'avance", "billed in advance"),
    "arrears": ("facturé à terme échu", "billed in arrears"),
}
CHANNELS: dict[str, tuple[str, str]] = {
    "sms": ("SMS, par partie", "SMS, per part"),
    "rcs": ("RCS, par message remis", "RCS, per delivered message"),
    "whatsapp": ("WhatsApp, par modèle remis", "WhatsApp, per delivered template"),
    "email": ("E-mail", "E-mail"),
}
PURPOSES: dict[str, tuple[str, str]] = {
    "": ("tous", "any"),
    "marketing": ("marketing", "marketing"),
    "alert": ("alerte", "alerts"),
}
MEANS: dict[str, tuple[str, str]] = {
    "transfer": ("virement bancaire", "bank transfer"),
    "sepa_debit": ("prélèvement SEPA", "SEPA direct debit"),
}

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Bon de commande", "Order form"),
    "page": ("page", "page"),
    "draft": ("Projet, sans valeur de commande", "Draft, not an order"),
    "provider": ("Prestataire", "Provider"),
    "client": ("Client", "Client"),
    "siren": ("SIREN", "SIREN"),
    "siret": ("SIRET", "SIRET"),
    "vat_id": ("N° de TVA", "VAT no."),
    "term": ("Engagement ferme", "Firm term"),
    "months": ("{count} mois", "{count} months"),
    "span": ("du {start} au {end}", "{start} to {end}"),
    "again": ("Total", "Total"),
    "once_total": ("À la signature", "At signature"),
    "first_year": ("Première année", "First year"),
    "without_usage": ("hors taxes, hors usage", "before VAT, without usage"),
    "excl_vat": ("hors taxes", "before VAT"),
    "ordered": ("Ce qui est commandé", "What is ordered"),
    "item": ("Désignation", "Description"),
    "quantity": ("Quantité", "Quantity"),
    "list_price": ("Tarif", "List price"),
    "unit_price": ("Prix convenu HT", "Agreed price"),
    "amount": ("Montant HT", "Amount"),
    "per_poi": ("par point de vente", "per point of sale"),
    "flat": ("forfait", "flat"),
    "usage": ("Prix de l'usage", "Prices of usage"),
    "channel": ("Canal", "Channel"),
    "purpose": ("Usage", "Purpose"),
    "where": ("Pays et réseau", "Country and network"),
    "anywhere": ("tous", "any"),
    "since": ("À partir du", "From"),
    "from_start": ("début", "the start"),
    "conditions": ("Conditions", "Terms"),
    "conditions_note": (
        "Les lignes marquées ◆ s'écartent des conditions générales : elles l'emportent sur elles (CGVU 2).",
        "Lines marked ◆ differ from the general terms: they prevail over them (CGVU 2).",
    ),
    "renewal": ("Reconduction", "Renewal"),
    "renewal_months": (
        "par périodes de {count} mois ; dénonciation 45 jours avant la date anniversaire",
        "for {count} months at a time; notice of 45 days before the anniversary",
    ),
    "renewal_open": (
        "à durée indéterminée, résiliable à chaque date anniversaire avec un préavis de 45 jours",
        "for an indefinite time, terminable at each anniversary with 45 days' notice",
    ),
    "extra": ("Points de vente en plus", "More points of sale"),
    "extra_increase": (
        "ouverts sans attendre, facturés au tarif du jour au prorata des jours",
        "opened at once, billed pro rata at the list price of the day",
    ),
    "extra_block": ("seulement après un nouveau bon de commande", "only after a new order form"),
    "fewer": ("Points de vente en moins", "Fewer points of sale"),
    "fewer_period_end": ("à la fin de la période en cours", "at the end of the current period"),
    "fewer_at_once": ("immédiatement", "at once"),
    "periods": ("Périodes", "Periods"),
    "periods_calendar": ("mois civils", "calendar months"),
    "periods_contract": ("comptées depuis le début du contrat", "counted from the start of the contract"),
    "payment": ("Règlement", "Payment"),
    "payment_text": ("par {means}, à {days} jours nets", "by {means}, within {days} days"),
    "discount": ("Escompte", "Early payment"),
    "discount_text": (
        "{percent} du montant HT pour un paiement sous {days} jours calendaires",
        "{percent} off before VAT when paid within {days} calendar days",
    ),
    "discount_none": ("aucun", "no discount"),
    "late": ("Retard", "Late payment"),
    "late_text": (
        "{multiple} fois le taux d'intérêt légal et {recovery} par facture",
        "{multiple} times the legal interest rate and {recovery} per invoice",
    ),
    "debit": ("Prélèvement", "Direct debit"),
    "debit_text": ("annoncé {days} jours avant", "announced {days} days before"),
    "mandate": ("mandat {number}", "mandate {number}"),
    "service": ("Disponibilité", "Availability"),
    "service_tier": ("moins de {below} : {credit}", "below {below}: {credit}"),
    "service_text": ("avoir sur la redevance mensuelle, {tiers}", "credit on the monthly fee, {tiers}"),
    "claims": ("Demandes d'avoir", "Claims for credits"),
    "claims_text": ("{days} jours après le mois de l'incident", "{days} days after the month of the incident"),
    "maintenance": ("Maintenance", "Maintenance"),
    "maintenance_text": ("annoncée {hours} heures avant", "announced {hours} hours before"),
    "routing": ("Routage", "Routing"),
    "routing_text": ("réussi à {percent}", "{percent} successful"),
    "revision": ("Révision des prix", "Price revision"),
    "revision_text": (
        "chaque année, P1 = P0 × S1 / S0 (indice SYNTEC, S0 : {base})",
        "every year, P1 = P0 × S1 / S0 (SYNTEC index, S0: {base})",
    ),
    "revision_base": ("dernier publié à la signature", "last published at signature"),
    "revision_none": ("aucune", "none"),
    "documents": ("Documents du contrat, par ordre de priorité", "Documents of the contract, in their order"),
    "documents_note": (
        "En matière de protection des données, l'annexe DPA l'emporte.",
        "In matters of data protection the DPA prevails.",
    ),
    "this": ("Ce bon de commande", "This order form"),
    "dpa": ("Annexe : accord sur le traitement des données personnelles (DPA)", "Data processing agreement (DPA)"),
    "cgvu": ("Conditions générales de vente et d'utilisation (CGVU)", "General terms (CGVU)"),
    "version": ("version du {day}", "version of {day}"),
    "vat_note": (
        "Prix en euros hors taxes ; la TVA s'ajoute selon les règles en vigueur au jour de la facturation (CGVU 9.2).",
        "Prices in euros before VAT, which is added by the rules of the day of invoicing (CGVU 9.2).",
    ),
    "signatures": ("Signatures", "Signatures"),
    "sign_note": (
        "La signature vaut acceptation des conditions générales et de l'annexe DPA ci-dessus. Le Client reconnaît avoir"
        " pris connaissance des guides de bonnes pratiques de l'AF2M (CGVU 13).",
        "Signing accepts the general terms and the DPA named above. The client knows the AF2M guides of good practice"
        " (CGVU 13).",
    ),
    "for_provider": ("Pour le prestataire", "For the provider"),
    "for_client": ("Pour le client", "For the client"),
    "name_line": ("Nom et qualité", "Name and office"),
    "date_line": ("Lieu et date", "Place and date"),
    "sign_line": ("Signature", "Signature"),
    "accepted": ("Accepté par {name}, le {at}", "Accepted by {name}, on {at}"),
    "how": ("Moyen", "How"),
    "fingerprint": ("Empreinte SHA-256 du document accepté", "SHA-256 of the accepted document"),
}


def word(key: str, language: Language, **facts: str) -> str:
    """One text of the page."""
    return _WORDS[key][0 if language == "fr" else 1].format(**facts)


def of(pair: tuple[str, str], language: Language) -> str:
    """The one of two texts that the reader reads."""
    return pair[0 if language == "fr" else 1]

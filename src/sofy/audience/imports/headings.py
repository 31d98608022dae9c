"""What the heading of a column means, in French and English: the first pattern that matches names the field.

A heading about consent or opposition is believed more than any other: reading one as something else would write to
people who said no.
"""

import re

from sofy.kernel.text import fold

_OUT = (
    r"\b(stops?|opt(ed)? ?outs?|desabonn\w*|desinscri\w*|unsub\w*|oppos\w*|refus\w*|black ?list\w*|liste (noire|rouge)"
    r"|bloctel|interdi\w*|exclu(s|es?)?|bloque\w*|blocked|do not|don t|ne pas|ne plus|ne (veut|souhaite)"
    r"|non (contactable|joignable|sollicit\w*))\b"
)
_IN = (
    r"(accord|consent|opt ?in|accept|abonne|subscri|autoris|recevoir|recoit|permission|permet|inscri|souhaite|veut"
    r"|agree|allow|ok\b|contactable|joignable|prospection|sollicit)"
)
#: What is asked for in so many words: nothing else is ever meant by it.
_ASKED = r"(accords?|consent\w*|opt ?ins?|rgpd|gdpr|autoris\w*|accepte\w*)"
_OFFERS = r"(offres?|promos?|promotions?|marketing|publicites?|communications?|informations?|infos?)"
_SENT = rf"({_OFFERS}|pubs?|commercial\w*|envois?|campagnes?)"
_TEXTS = r"\b(sms|textos?)\b"
_SMS = r"\b(sms|textos?|mobile|portable|phone|tel(ephone)?s?)\b"
_MAIL = r"\b(e ?mails?|mails?|e ?mailings?|mailings?|courriels?|newsletters?)\b"
_WHATSAPP = r"\bwhats ?app\b"
#: That openings are counted one by one; what became of a mail ("opened") is no consent.
_OPENS = (
    r"(\b(suivi|mesure|comptage|pistage|tracking|count\w*)\b.*\b(ouvertures?|opens?|openings?)\b"
    r"|\b(pistage|tracking)\b.*\b(e ?mails?|mails?|courriels?)\b)"
)
_WITHOUT = r"\b(sans|no|(pas|plus) (de|d)) "
_TAKEN_BACK = r"\b(retrait|retire\w*|revo(que|cation)\w*|annul\w*)\b"
_HEADINGS: tuple[tuple[str, str], ...] = (
    ("optout", rf"{_TAKEN_BACK}.*\b{_ASKED}\b|\b{_ASKED}\b.*{_TAKEN_BACK}"),
    ("optout_opens", rf"{_OUT}.*{_OPENS}|{_OPENS}.*{_OUT}|{_WITHOUT}{_OPENS}"),
    ("optout_whatsapp", rf"{_OUT}.*{_WHATSAPP}|{_WHATSAPP}.*{_OUT}|{_WITHOUT}{_WHATSAPP}"),
    ("optout_email", rf"{_OUT}.*{_MAIL}|{_MAIL}.*{_OUT}|{_WITHOUT}{_MAIL}"),
    ("optout_sms", rf"{_OUT}.*{_SMS}|{_TEXTS}.*{_OUT}|{_WITHOUT}{_TEXTS}"),
    ("optout", rf"^(date |jour )?(d |de |du )?{_OUT}|{_WITHOUT}(pubs?|publicite|prospection|demarchage|marketing)\b"),
    (
        "consent_date",
        r"\b(date|le)\b.*\b(accord|consent|optin|opt in|inscription|autorisation|rgpd|gdpr)"
        r"|\b(consent|optin|opt in) (date|at|time)",
    ),
    ("consent_opens", rf"\b{_IN}.*{_OPENS}|{_OPENS}.*\b{_IN}"),
    ("consent_whatsapp", rf"\b({_IN}|{_SENT}).*{_WHATSAPP}|{_WHATSAPP} ({_IN}|{_SENT}|o n\b|oui\b|y n\b|yes\b)"),
    ("consent_email", rf"\b({_IN}|{_SENT}).*{_MAIL}|^newsletter|{_MAIL} ({_IN}|{_SENT})"),
    ("consent_sms", rf"\b({_IN}|{_SENT}).*{_SMS}|{_TEXTS} ({_IN}|{_SENT}|o n\b|oui\b|y n\b|yes\b)"),
    ("consent_sms", r"^sms$|^textos?$"),
    ("consent", rf"^(j |a donne (son|l) )?{_IN}|^(rgpd|gdpr|cnil|statut)\b|^{_OFFERS}( commerciales?)?$"),
    ("consent", r"\b(opt ?in|consentement|consent|rgpd|gdpr|cnil|prospection)\b|^peut etre (contact|sollicit)"),
    ("birth_date", r"^(?!(nom|lieu|ville|pays|commune|code|cp|dep)).*naiss|\bne e? ?le\b|^ne ?e?( le)?$|birth|\bdob\b"),
    ("birth_date", r"\banniv|^d ?d ?n$"),
    ("title", r"^(civ|civilite|titre|title|mr mme|m mme|salutation|genre|sexe|gender|sex)\b"),
    (
        "full_name",
        r"^(nom|noms) (et )?(prenoms?)\b|^prenoms? (et )?noms?$"
        r"|^(full ?name|nom complet|contact|client|customer|customer name|nom (du )?client)$",
    ),
    ("first_name", r"prenom|first ?name|given ?name|^forename"),
    (
        "last_name",
        r"^noms?( (d )?usage| usuel| de naissance)?$|nom de famille|patronyme"
        r"|last ?name|surname|family ?name|^name$",
    ),
    ("email", r"e ?mail|courriel|^mail\b|^mel$|adresse (e ?mail|mail|electronique|de messagerie)|^messagerie$"),
    (
        "phone",
        r"portable|mobile|\btel(?!ecopie)|telephone|^phone|\bphones?\b|\bgsm\b|cellulaire|cell\b"
        r"|numero de tel|^numero$|^num$|msisdn|^sms number$|whats ?app",
    ),
    ("postcode", r"^c ?p$|code ?postal|post ?code|^postal( code)?$|\bzip\b|zip ?code"),
    ("town", r"ville|commune|localite|\bcity\b|\btown\b"),
    ("street", r"adresse|^rue\b|address|street|voie|complement"),
    ("language", r"^(langue|language|lang|locale)\b"),
    ("latitude", r"^lat(itude)?$"),
    ("longitude", r"^(lon|lng|longitude)$"),
    ("establishment", r"magasin|boutique|point de vente|point of sale|^pdv\b|etablissement|agence|store|\bshop\b"),
    ("zone", r"fuseau|time ?zone"),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _HEADINGS)
#: What belongs to the person of the row, unless the heading says whose it is: a spouse, a shop, a seller.
_OF_A_PERSON = {"title", "first_name", "last_name", "full_name", "phone", "email", "birth_date", "language"}
_OF_A_PERSON |= {"street", "postcode", "town"}
_SOMEBODY_ELSE = re.compile(
    r"\b(conjoint|spouse|enfant|child|parrain|pere|mere|parent|tuteur|urgence|emergency|vendeur|vendeuse|seller"
    r"|conseiller|conseillere|commercial|magasin|boutique|agence|store|shop|etablissement|pdv|employeur|referent)s?\b"
)
#: Figures that are not phone numbers, however much they look like some.
_A_CODE = re.compile(
    r"\b(siren|siret|nir|secu\w*|carte|card|matricule|compte|iban|ean|tva|facture|commande|dossier|contrat|adherent"
    r"|fidelite)s?\b|\bid$|^(code|ref|reference)$"
    r"|\b(n|no|num|numero|code|id|identifiant|ref|reference) (?!\d|(d |de |du )?(port|perso|pro|contact|appel|fixe)\b)"
)
#: Behind what is asked for: by which means, for what. Anything else (its address, its number) is another matter.
_ASKS = re.compile(
    rf"\b{_ASKED}( (d|de|des|du|par|les|aux?|la|le|l|pour|recevoir|nos|vos|sms|textos?|whats ?app|e ?mails?"
    r"|newsletters?|marketing|commercial\w*|prospection|publicite|offres?|communications?|client|donne|ok|o n"
    r"|oui non|y n|yes no))*$"
)
#: Mails and texts of the trade, and what became of them, are no offers.
_OF_THE_TRADE = re.compile(
    r"\b(factur\w*|tickets?|recus?|commandes?|devis|rdv|valid\w*|verifi\w*|actifs?|ouvert\w*|envoye\w*|sent|opened)\b"
)
_SENDING = re.compile(r"\b(contacter|contactable|joignable|demarch\w*|sollicit\w*)\b")
_MAILING = re.compile(rf"^{_MAIL}( (o n|oui non|y n|yes no|ok))?$")
_STANDING = re.compile(r"^(statut|status|etat|state|situation|abonnement)\b")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def words_of(heading: str) -> str:
    """A heading in small letters without accents or punctuation: "smsMarketing (O/N)" is "sms marketing o n"."""
    return " ".join(_NOT_LETTERS.sub(" ", fold(_CAMEL.sub(" ", heading))).split())


def field_of(heading: str) -> str:
    """The field a heading means, or an empty string."""
    name = words_of(heading)
    found = next((field for field, pattern in _COMPILED if pattern.search(name)), "") if name else ""
    if found in _OF_A_PERSON and _SOMEBODY_ELSE.search(name):
        return ""
    return "" if found in ("consent_sms", "consent_email", "consent_whatsapp") and _OF_THE_TRADE.search(name) else found


def may_hold_addresses(heading: str) -> bool:
    """Whether a column of such a heading may hold phone numbers or e-mail addresses of the person of the row."""
    name = words_of(heading)
    return not _SOMEBODY_ELSE.search(name) and not _A_CODE.search(name)


def asks_for_consent(heading: str) -> bool:
    """Whether a heading can mean nothing but consent, whatever is written below."""
    return _ASKS.search(words_of(heading)) is not None


def about_sending(heading: str) -> str:
    """The sort of consent that yes and no would mean below a heading, or an empty string."""
    name = words_of(heading)
    if _OF_THE_TRADE.search(name):
        return ""
    if _MAILING.search(name):
        return "consent_email"
    if re.search(_TEXTS, name):
        return "consent_sms"
    if re.search(_WHATSAPP, name):
        return "consent_whatsapp"
    return "consent" if _SENDING.search(name) else ""


def about_standing(heading: str) -> bool:
    """Whether a column says how somebody stands with the shop: a customer, somebody who unsubscribed..."""
    return _STANDING.search(words_of(heading)) is not None

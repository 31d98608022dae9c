"""Marketing in the alert lane (CGVU 14.2): texts scored by rules that can be read aloud. Pure.

Points add up; from `HOLD` on a text waits for a person. What is clearly a notice (a code, a delivery, an appointment,
an invoice) takes points away. Words in disguise (s0ldes, p r o m o) are read as what they are meant to be.
"""

import re
from functools import lru_cache
from string import ascii_lowercase
from typing import Final, NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.content import Content, flat
from sofy.kernel.text import fold

HOLD: Final = 5.0
#: From here on the same text to many says more; with all that can add, it reaches HOLD.
TALKS: Final = 2.5
#: So many of the same text in a row say that it is for many; so many within a minute, that a list is worked through.
_MANY, _VERY_MANY, _MANY_A_MINUTE = 20, 200, 100

#: Without any of these nothing can reach HOLD: most alerts are let go after a glance.
_GLANCE: Final = (
    *("://", "www.", "€", "%", "euro", "pour cent", "pourcent", "\xad", "stop", "prom", "pr0m", "sold", "s0ld", "ffr"),
    *("offer", "remise", "duct", "vente", "prix", "gratui", "cadeau", "black", "cyber", "gagne", "stock", "profit"),
    *("couvr", "panier", "parrain", "nouv", "venez", "vous atten", "week", "chance", "brader", "foire", "happy"),
    *("magasin", "boutique", "sale", "achet", "remport", "points", "sans ", "last ", "concours", "casino", "voyan"),
    *("deal", "free", "disco", "win ", "prize", "gift", "miss", "for one", "new col", "refer a", "half p", "penser"),
    *("exclusi", "r o m o", "o l d e", "f f r e", "r.o.m.o", "o.l.d.e", "r-o-m-o", "o-l-d-e"),
)
#: What French is written in, the quicker first; other letters and signs may be there to look like these.
_USUAL: Final = ("latin-1", "cp1252")
_UNUSUAL: Final = re.compile(r"[^\W\d_\u0000-\u024f]|[٪％‐‑‒−\u2460-\u24ff\U0001f130-\U0001f189]|\d(?<![0-9])")
#: A number of several figures says the same whatever it is.
_NUMBER: Final = re.compile(r"(?<![^\W_])\d\d+(?![^\W_])")
_SPACED: Final = re.compile(r"\b(?:[a-z0-9][ ._*-]){3,}[a-z0-9]\b")
_IN_WORDS: Final = re.compile(r"\b(?=[a-z@$]*[013457@$])(?=[0-9@$]*[a-z])[a-z0-9@$]{4,}")
_FIGURES: Final = str.maketrans("013457@$", "oieastas")
#: Letters of other alphabets, and white ones on a black ground, which Unicode does not take for letters.
_LOOKALIKES: Final = str.maketrans(
    "аеорсхукмтвніѕοραειτ‐‑‒–—−٪" + "".join(chr(ground + n) for ground in (0x1F150, 0x1F170) for n in range(26)),
    "aeopcxykmtbhisopaeit------%" + 2 * ascii_lowercase,
)
_DOTS: Final = re.compile(r" ?(?:\[\.\]|\(\.\)| dot | point ) ?(?=(?:fr|com|net|shop|io|example)\b)")
_MINUS: Final = re.compile(r"[-‐‑‒–—−](?<![\w-].) ?(?=\d)")
_PER_CENT: Final = re.compile(r" ?pour ?cents?\b")
_LETTER_O: Final = re.compile(r"(?<=\d)o(?= ?[%€]|\d)")


class Point(NamedTuple):
    """One rule that spoke, with its points."""

    code: str
    points: float


Rule = tuple[str, float, re.Pattern[str]]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_MONEY: Final = r"\d+(?:[.,]\d+)? ?(?:€|euros?\b|eur\b)"
_RULES: Final[tuple[Rule, ...]] = (
    (
        "stop_mention",
        4.0,
        _any(
            r"\bstop (?:au|sms)? ?\d{5}\b",
            r"\bstop sms\b",
            r"\brepondez stop\b",
            r"\bse desabonner\b",
            r"\bdesinscri",
            r"\b(?:reply|text|send) stop\b|\bstop to \b|\bto opt out\b|\bunsubscribe\b",
        ),
    ),
    (
        "offer",
        3.0,
        _any(
            r"\bpromos?\b|\bpromotions?\b(?! interne)|\bpromotionnel|\bsoldes\b(?! (?:d[eu]s? |bancaire|disponible))",
            r"\boffres?\b(?! (?:d.(?:emploi|achat|embauche)|de (?:pret|poste|stage|credit)|n[o°]|ref|est a |\d))",
            r"\bremises?\b(?<!sera remise)(?<!est remise)(?<!ete remise)(?! (?:a |de la|des?|du|en) (?!\d))",
            r"\breductions?\b(?! d.impot)|\brabais\b|\breduc\b",
            r"\bventes? (?:privee|flash|vip|exceptionnelle)|\bblack (?:friday|week)|\bcyber ?(?:monday|week|lundi)",
            r"\bfrench days\b|\bhappy hours?\b|\bbons? plans?\b|\bbonnes? affaires?\b|\bdestockage|\bbraderie",
            r"\bliquidation\b|\bprix (?:casse|choc|mini|fou|sacrifie|d.ami)|\bpetits prix\b|\bfoire a|\bdemarque\b",
            r"\btout doit disparaitre|\bderniere chance\b|\bcoupons?\b|\bflash sale|\bon sale\b|\bspecial offer",
            r"\b(?:summer|winter|spring|autumn|private|clearance|big) sales?\b|\bsale (?:ends?|starts?|now|is on)\b",
            r"\bdeals?\b(?! with)|\bdiscounts?\b(?! card)|\bexclusive offers?\b|\beverything must go\b",
            r"\blast chance\b|\bends (?:today|tonight)\b|\bpoints (?:valent|comptent) (?:double|triple)",
            r"\bpoints doubles\b",
        ),
    ),
    (
        "discount",
        2.5,
        _any(
            rf"\bmoins {_MONEY}|\b(?:moins|jusqu.a|remise de|profitez? de) (?:moins )?\d{{1,2}} ?%",
            r"\b\d{1,2} ?% (?:de (?:remise|reduc|rabais)|d.economie|rembourse|offert|off\b|sur |avec |supplementaire)",
            rf"\b{_MONEY} (?:offerts?|de remise|de reduction|d.economie|de bonus|chacun|pour (?:vous|toi)\b)",
            r"\bvous offre \d",
            rf"\bjusqu.a {_MONEY} rembourse|\b(?:recevez|economisez|empochez|cagnottez) (?:\w+ )?{_MONEY}",
            rf"\bdes {_MONEY} d.achat|\bdes \d+ (?:articles?|produits?|achats?)\b|\bau lieu de \d|\ba 1 ?(?:€|euro)",
            r"\b\d+ (?:\w+ )?(?:achete|acquis)|\bmoitie prix\b|\b1 ?= ?2\b|\b\d \w+ ?= ?\d",
            r"\b[2-4] pour (?:le prix de )?[12]\b",
            rf"\b(?:up to|save|extra|gives you|enjoy|get) \d{{1,2}} ?%|\bsave (?:up to )?{_MONEY}|\b{_MONEY} off\b",
            r"\bhalf price\b|\bbuy (?:one|two|\d),? get\b",
            r"\b(?:two|three|[23]) for (?:the price of )?(?:one|two|[12])\b",
            r"\bpour le prix d|\b(?:2n?de?|2e(?:me)?|deuxieme|3e(?:me)?|troisieme) (?:\w+ )?(?:offert|gratuit)",
        ),
    ),
    ("free", 2.0, _any(r"\bgratuit|\bofferte?s?\b|\bcadeaux?\b|\b(?:free|gifts?)\b(?! (?:up|of|cards?|to)\b)")),
    (
        "game",
        4.0,
        _any(
            r"\bgagnez\b|\btentez votre chance\b|\bjeu.concours\b|\btirage au sort\b|\bgrand jeu\b",
            r"\bremportez\b|\bcasino\b",
            r"\bwin (?:an?|up|your|one)\b|\bprize draw\b|\byou(?:.ve| have) won\b|\blottery\b",
            r"\bjackpot\b|\bparis sportifs?\b|\btours gratuits\b",
        ),
    ),
    (
        "invitation",
        2.0,
        _any(
            r"\bprofite[zrs]?\b|\bdecouvr|\bbeneficie[zr]\b|\bn.attendez (?:plus|pas)\b|\bcraquez\b|\bvite\b",
            r"\ben (?:magasin|boutique)",
            r"\bvenez (?:nombreux|les|decouvrir|essayer|profiter|vite)\b|\bvous atten(?:d|dons|dent)\b|\bfoncez\b",
            r"\blaissez.vous tenter|\b(?:ne manquez|a ne pas manquer)|\bboutique en ligne\b|\bshop now\b",
            r"\bdiscover\b|\bdon.t miss\b|\b(?:order|book|subscribe|buy) now\b|\bmiss you\b|\bin.store\b",
            r"\bnous manquez\b|\bpour (?:chaque client|tous nos clients)\b|\brefer a friend\b|\bour members\b",
            r"\brendez.vous (?:dans|en) (?:votre |nos )?(?:boutique|magasin)|\breservez (?:votre table|vite|des)\b",
        ),
    ),
    (
        "novelty",
        2.0,
        _any(
            r"\bnouvelle (?:collection|carte|gamme)|\bnouveautes?\b|\bnouvel arrivage|\bavant.premiere\b",
            r"\bnew (?:collection|arrivals?|range)\b|\bnouvelle collection\b|\bearly access\b",
            r"\bacces (?:anticipe|vip|prioritaire)|\binedit|\bexclusi",
        ),
    ),
    (
        "hurry",
        1.5,
        _any(
            r"\bjusqu.(?:au|a) (?:dimanche|samedi|minuit|ce soir|\d)|\bdernier(?:e?s)? (?:jours?|heures?|places)\b",
            r"\bplus que \d+ (?:jours?|heures?|places?)|\bplaces limitees\b|\b(?:duree|offre) limitee\b|\btoday only",
            r"\bce (?:week.?end|samedi|dimanche|soir)\b|\btoute la (?:semaine|journee)\b",
            r"\bthis (?:weekend|week|saturday|sunday)\b|\blast days\b|\blimited (?:stock|time)\b|\bonly today\b",
            r"\bhurry\b|\bends? (?:soon|on|sunday|tomorrow)\b|\bstarts (?:now|today)\b|\bcette semaine\b",
            r"\baujourd.hui seulement\b",
            r"\bse termine (?:ce|dans|demain)",
        ),
    ),
    (
        "selling",
        2.5,
        _any(
            rf"\ba partir de {_MONEY}|\bdes {_MONEY}|\bseulement {_MONEY}|\b{_MONEY} ?/ ?(?:pers|mois)",
            r"\bparraine[zrs]?\b|\ben parrainant\b|\bcomparez\b|\beconomisez\b|\bdevis gratuit|\beligib",
            rf"\b(?:only|just|spend) {_MONEY}|\bget {_MONEY}|\b(?:points|euros) a depenser\b",
            r"\bvoyan(?:ts?|ce)\b",
            r"\bdroits? a la formation\b|\bcpf\b|\bpanneaux solaires\b|\bpompe a chaleur\b|\bisolation a\b",
            r"\bpanier\b[^.]{0,20}\b(?:attend|oubli)|\bsans (?:engagement|justificatif)\b",
            r"\bfinalise[zs]? (?:ta|votre) commande\b|\bmenu (?:de |du |special )",
            r"\b(?:magasins?|boutiques?)\b[^.]{0,40}\bouver?t[^.]{0,25}\b(?:dimanche|ferie)|\bportes ouvertes\b",
        ),
    ),
    ("link", 1.0, _any(r"\bhttps?://|\bhxxps?:|\bwww\.|\b[a-z0-9-]+\.(?:fr|com|shop|net|io|ly|me)\b")),
    ("shouting", 1.0, _any(r"!!", "[\u2600-\u27bf\U0001f300-\U0001faff]")),
)
#: What only underlines: alone it says nothing of what a text is about.
_UNDERLINES: Final = frozenset({"link", "shouting", "hurry", "disguised"})
_NOTICES: Final[tuple[Rule, ...]] = (
    (
        "code",
        -5.0,
        _any(
            r"\b(?:code|otp|pin|mot de passe)\b[^.]{0,40}\b\d{4,8}\b|\b\d{4,8}\b[^.]{0,30}\bcode\b|\bg-\d{6}\b",
            r"\b\d{3}[ -]\d{3}\b[^.]{0,30}\bcode\b",
        ),
    ),
    (
        "delivery",
        -3.0,
        _any(
            r"\bcolis\b|\b(?:re)?livraison\b(?! (?:offert|gratuite (?:ce|sur|des)))|\blivree?\b|\bretrait\b",
            r"\ba retirer\b",
            r"\bsuivi\b",
            r"\blivreur\b|\btransporteur\b|\bcommande\b[^.]{0,40}(?:prete|expedie|disponible|confirme)",
            r"\bparcel\b|(?<!free )\bdelivery\b|\bshipped\b|\btracking\b|\byour order\b",
            r"\bcommande (?:n\S* ?)?\S*\d|\breference \S*\d",
        ),
    ),
    (
        "appointment",
        -3.0,
        _any(
            r"\brendez-vous\b(?! (?:shopping|dans|en |sur ))|\brdv\b(?<!prenez rdv)(?! en)|\breservation\b|\bannul",
            r"\bappointment\b|\bbooking\b|\bprescription\b",
            r"\bconsultation\b|\bordonnance\b|\bvaccin|\bdepistage\b|\bentretien\b|\bcandidature\b|\bcompromis\b",
        ),
    ),
    (
        "invoice",
        -3.0,
        _any(
            r"\bfacture\b|\bpaiement\b|\bprelevement\b|\becheance\b|\bsolde (?:de|du|a|disponible)\b|\bimpaye",
            r"\bvirement\b",
            r"\bremboursement\b|\bcheque\b|\bimpots?\b|\bfiscal|\bordre d.achat\b|\bplafond\b|\blivret\b",
            r"\bconsommation\b|\bsans action de votre part\b",
            r"\binvoice\b|\bpayment\b|\brefund|\bdirect debit\b|\bcharged\b",
        ),
    ),
    (
        "alarm",
        -3.0,
        _any(
            r"\balarme\b|\bintrusion\b|\bpanne\b|\bincident\b|\balerte\b(?! prix)|\bsecurite\b|\bmaintenance\b",
            r"\bconnexion\b|\bincendie\b|\bseuil\b|\btemperature\b|\bvigilance\b|\bcoupure\b|\bmarge d.appel\b",
        ),
    ),
    (
        "account",
        -2.0,
        _any(
            r"\bvotre (?:dossier|compte|demande|contrat|sinistre|abonnement|billet|ticket|inscription|essai|don)\b",
            r"\bvotre forfait (?:a|est|sera)\b|\byour (?:account|request|claim|subscription|ticket|trial)\b",
        ),
    ),
)


def _glance(text: str) -> bool:
    """Whether a text may say something: each alert passes here."""
    lower = text.lower()
    # A loop takes a third of what `any` does.
    for word in _GLANCE:
        if word in lower:
            return True
    return _foreign(text)


def _foreign(text: str) -> bool:
    """Whether there are letters that may be there to look like others; a sun or a parcel looks like none."""
    for usual in _USUAL:
        try:
            text.encode(usual)
        except UnicodeEncodeError:
            continue
        return False
    return _UNUSUAL.search(text) is not None


def _undisguised(plain: str) -> str:
    """What a folded text is meant to be read as: letters apart, figures or foreign letters for letters, hidden dots."""
    told = _DOTS.sub(".", plain.translate(_LOOKALIKES))
    told = _LETTER_O.sub("0", _PER_CENT.sub("%", told))
    told = _SPACED.sub(lambda found: re.sub(r"[ ._*-]", "", found.group()), told)
    meant = [word.translate(_FIGURES) for word in _IN_WORDS.findall(told)]
    return " ".join([told, *meant])


def _spoke(rules: tuple[Rule, ...], plain: str) -> list[Point]:
    return [Point(code, points) for code, points, pattern in rules if pattern.search(plain)]


@clause("CGVU 14.2")
def score(text: str, alike: int = 0, a_minute: int = 0) -> tuple[float, tuple[Point, ...]]:
    """How much a text reads like marketing, and by which rules.

    `alike`: how many of the same text came before it; `a_minute`: how many of them within a minute.
    """
    if not _glance(text):
        return 0.0, ()
    says, found = _read(_NUMBER.sub(lambda number: "0" * len(number.group()), text))
    if says and sum(point.points for point in found) >= TALKS:
        found += (Point("same_text", 2.5 if alike >= _VERY_MANY else 1.5),) if alike >= _MANY else ()
        found += (Point("send_rate", 1.0),) if a_minute >= _MANY_A_MINUTE else ()
    return sum(point.points for point in found), found


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[bool, tuple[Point, ...]]:
    """Whether a text says anything of what it is about, and what speaks: mostly read before, with other numbers."""
    folded = _MINUS.sub("moins ", fold(text))
    plain = _undisguised(folded)
    found = _spoke(_RULES, plain)
    kinds = {point.code for point in found} - _UNDERLINES
    if not kinds:
        return False, tuple(found)
    if plain != folded and kinds - {point.code for point in _spoke(_RULES, folded)}:
        found.append(Point("disguised", 2.5))
    found += _excused(kinds, _spoke(_NOTICES, plain))
    return True, tuple(found)


def _excused(kinds: set[str], notices: list[Point]) -> list[Point]:
    """What a notice takes away; less where the rest is plainly an offer, and a code excuses none."""
    if kinds & {"stop_mention", "offer", "discount", "game"}:
        notices = [point for point in notices if point.code != "code"]
    if "stop_mention" in kinds or len(kinds) >= 3 or "discount" in kinds:
        notices = [Point(point.code, point.points / 2) for point in notices]
    return notices


def words(text: str, content: Content | None) -> str:
    """All that a message says, also on cards, in a mail or in the places of a template."""
    if content is None:
        return text
    template = content.template
    places = [] if template is None else [*template.header, *template.body]
    mail = re.sub(r"<[^>]*>", " ", content.html or "")
    return "\n".join(part for part in (text, content.subject or "", flat(content), *places, mail) if part)


_DIFFERS: Final = re.compile(r"https?://\S+|\d+")


def skeleton(text: str) -> str:
    """The text without figures and addresses, and without the words of a greeting: alike for everybody it goes to."""
    plain = _DIFFERS.sub("#", fold(text))
    return re.sub(r"^(?:bonjour|bonsoir|cher|chere|hello|salut|coucou)\b[^,!.:]{0,40}[,!.:]", "", plain).strip()

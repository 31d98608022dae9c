"""Write the contact file of the demo: 3,000 rows as shops really send them, about people who do not exist.

Every mainland number is reserved for fiction (06 39 98 xx xx, 01 99 00 xx xx) or of the block kept for tests
(07 00 xx xx xx), every address of e-mail is under example.org. The same seed writes the same file, and beside it what
an import must find in it, known because the file was made from it.

Usage: python tools/demo_contacts.py
"""

import csv
import io
import json
import random
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "src" / "sofy" / "project" / "demo_data"
ROWS = 3000
HEADER = [
    "Civilité",
    "Prénom",
    "Nom",
    "Tél. mobile",
    "E-mail",
    "Né(e) le",
    "Adresse",
    "CP",
    "Ville",
    "Accord SMS",
    "Remarque",
    "Magasin",
    "Latitude",
    "Longitude",
]
FIRST = (
    "Amélie André Anaïs Aurélien Béatrice Benoît Camille Cédric Chloé Clément Corinne Damien Élodie Émile Estelle"
    " Françoise François Gaëlle Gaël Hélène Hervé Inès Jérôme Joëlle Joël Justine Kévin Laëtitia Loïc Maël Mélanie"
    " Mickaël Myriam Nadège Noël Noémie Océane Olivier Pénélope Raphaël Régine Rémi Salomé Sébastien Solène"
    " Stéphane Théo Valérie Véronique Vincent Xavier Yaëlle Yohann Zoé"
).split()
LAST = (
    "Aubépin Bélanger Bonnefoy Brûlé Cœuret Chênevert Crèvecœur Delaître Delhôpital Dubœuf Épinay Estève Fénelon"
    " Gérard Guérin Haÿ Hébrard Jaurès Kéravel Lachèvre Lefèvre Levêque L’Hermitte Maître Mérieux Nègre Nœl Orée"
    " Préault Quéméner Régnier Rivière Sœurat Tréville Vallès Vénitien Wæchter Yvonnet"
).split()
TOWNS = [
    ("69001", "Lyon"), ("75011", "Paris"), ("13006", "Marseille"), ("44000", "Nantes"), ("59000", "Lille"),
    ("33000", "Bordeaux"), ("67000", "Strasbourg"), ("01000", "Bourg-en-Bresse"), ("06000", "Nice"),
    ("02100", "Saint-Quentin"), ("35000", "Rennes"), ("88000", "Épinal"),
]  # fmt: skip
OVERSEAS = [
    ("690", "590", "97110", "Pointe-à-Pitre"),
    ("696", "596", "97200", "Fort-de-France"),
    ("694", "594", "97300", "Cayenne"),
    ("692", "262", "97400", "Saint-Denis"),
    ("639", "262", "97600", "Mamoudzou"),
]
#: The points of sale of the demo's client, by the town they are in.
SHOPS = {shop["town"]: shop for shop in json.loads((FOLDER / "shops.json").read_text())}
STREETS = ("rue de la République", "avenue de l’Europe", "impasse des Tilleuls", "place du Marché", "chemin du Lavoir")
YES, NO, STOP, BLANK = (
    ("oui", "Oui", "OUI", "1", "yes", "x", "X "),
    ("non", "Non", "0", "no"),
    ("stop", "STOP"),
    ("", "", " "),
)
BAD_PHONES = ("", "06 39 98", "non communiqué", "0639", "12", "06 39 98 12 3X", "???")
BAD_EMAILS = ("", "", "camille(at)example.org", "pas d’adresse", "@example.org")


@dataclass
class Person:
    """One made-up customer: the number as nine national digits, and which area it belongs to."""

    first: str
    last: str
    national: str
    country: str
    postcode: str
    town: str
    email: str


def main() -> None:
    """Write the file and what it holds."""
    draw = random.Random(20261124)
    rows, expected = build(draw)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "contacts.csv").write_bytes(text.getvalue().encode("cp1252"))
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(json.dumps(expected))


def build(draw: random.Random) -> tuple[list[list[str]], dict[str, int]]:
    """The rows in the order of the file, and the counts they lead to."""
    people = [_person(draw, number) for number in range(2730)]
    mobiles = [person for person in people if person.country != "fixed"]
    # A customer comes again: another spelling of the number, sometimes another answer.
    again = [draw.choice(mobiles) for _ in range(210)]
    nobody = ROWS - len(people) - len(again)
    entries: list[Person | None] = [*people, *again, *([None] * nobody)]
    draw.shuffle(entries)
    answers: dict[str, set[str]] = {}
    rows, met, updated = [], set(), 0
    for person in entries:
        if person is None:
            rows.append(_useless(draw))
            continue
        kind = draw.choices(("yes", "no", "stop", "blank"), (74, 9, 3, 14))[0]
        answer = draw.choice({"yes": YES, "no": NO, "stop": STOP, "blank": BLANK}[kind])
        rows.append(_row(draw, person, answer))
        updated += person.national in met
        met.add(person.national)
        if person.country != "fixed":
            answers.setdefault(person.national, set()).add(kind)
    reachable = sum(kinds - {"blank"} == {"yes"} for kinds in answers.values())
    return rows, {
        "rows": len(rows),
        "imported": len(met),
        "updated": updated,
        "rejected": nobody,
        "reachable": reachable,
    }


def _person(draw: random.Random, number: int) -> Person:
    first, last = draw.choice(FIRST), draw.choice(LAST)
    postcode, town = draw.choice(TOWNS)
    country = "33"
    if number < 1500:
        national = f"63998{number * 6 + draw.randrange(6):04d}"
    elif number < 2500:
        national = f"700{(number - 1500) * 900 + draw.randrange(900):06d}"
    elif number < 2650:
        prefix, country, postcode, town = OVERSEAS[number % len(OVERSEAS)]
        national = f"{prefix}0000{number - 2500:02d}" if number < 2600 else f"{prefix}0001{number - 2600:02d}"
    else:
        national, country = f"19900{number - 2650:04d}", "fixed"
    email = f"{_ascii(first)}.{_ascii(last)}{number}@example.org" if draw.random() < 0.7 else ""
    return Person(first, last, national, country, postcode, town, email)


def _ascii(text: str) -> str:
    plain = text.lower().translate(str.maketrans("àâäéèêëîïôöûüùÿç’", "aaaeeeeiioouuuyc-"))
    return plain.replace("œ", "oe").replace("æ", "ae").replace("-", "")


def _spelled(draw: random.Random, person: Person) -> str:
    digits = person.national
    pairs = [digits[0], *(digits[at : at + 2] for at in range(1, 9, 2))]
    country = "33" if person.country == "fixed" else person.country
    national = "0" + digits
    if country != "33":
        return draw.choice(
            (national, " ".join(["0" + pairs[0], *pairs[1:]]), f"+{country} {digits}", f"00{country}{digits}")
        )
    return draw.choice(
        (
            national,
            " ".join(["0" + pairs[0], *pairs[1:]]),
            ".".join(["0" + pairs[0], *pairs[1:]]),
            "-".join(["0" + pairs[0], *pairs[1:]]),
            "\u00a0".join(["0" + pairs[0], *pairs[1:]]),
            digits,  # a spreadsheet took the zero for a number's
            "+33 " + " ".join(pairs),
            "+33 (0)" + " ".join(pairs),
            "0033" + digits,
            "(0" + pairs[0] + ") " + " ".join(pairs[1:]),
        )
    )


def _row(draw: random.Random, person: Person, answer: str) -> list[str]:
    birth = (
        f"{draw.randint(1, 28):02d}/{draw.randint(1, 12):02d}/{draw.randint(1940, 2007)}" if draw.random() < 0.6 else ""
    )
    upper = draw.random() < 0.15
    remark = draw.choice(
        ("", "", "", "", "", "Client fidèle", "Préfère le matin ;\nne pas rappeler", 'Dit "bonjour" €')
    )
    postcode = person.postcode.lstrip("0") if draw.random() < 0.3 else person.postcode
    return [
        draw.choice(("M.", "Mme", "Mme", "Monsieur", "")),
        person.first,
        person.last.upper() if upper else person.last,
        _spelled(draw, person),
        person.email.upper() if upper and draw.random() < 0.3 else person.email,
        birth,
        f"{draw.randint(1, 99)} {draw.choice(STREETS)}" if draw.random() < 0.7 else "",
        postcode,
        person.town,
        answer,
        remark,
        *_shop_and_place(person),
    ]


def _shop_and_place(person: Person) -> list[str]:
    """The shop whose card somebody has, by its name or its code, and where the till's software believes they live.

    Taken from the number, not drawn, so that the rest of the file does not depend on it.
    """
    shop = SHOPS.get(person.town)
    if shop is None:
        return ["", "", ""]
    number = int(person.national)
    spread = [((number // 7**step) % 200 - 100) / 1000 for step in (1, 3)]  # within some eleven kilometres
    place = [
        f"{shop[axis] + off:.4f}".replace(".", ",") for axis, off in zip(("latitude", "longitude"), spread, strict=True)
    ]
    return ["" if number % 10 == 0 else shop["name" if number % 3 else "code"], *place]


def _useless(draw: random.Random) -> list[str]:
    """A row in which nobody can be reached in any way."""
    name = [draw.choice(FIRST), draw.choice(LAST)]
    return [
        "",
        *name,
        draw.choice(BAD_PHONES),
        draw.choice(BAD_EMAILS),
        "",
        "",
        "",
        "",
        draw.choice(("oui", "", "non")),
        *[""] * 4,
    ]


if __name__ == "__main__":
    main()

"""Signs that a file was bought or made up rather than collected.

Nothing is refused on a suspicion: the counts are shown before and after the import, and kept with it.
"""

from dataclasses import dataclass

from sofy.audience.imports.rows import Record

#: That many numbers following one another by one is a range, not people. Source: RapidPro flags 250.
SEQUENTIAL_NUMBERS = 250
ROLE_ADDRESSES = 0.05  # share of the addresses
ROLES = frozenset(
    [
        "abuse",
        "accueil",
        "achat",
        "achats",
        "admin",
        "administrateur",
        "administration",
        "administrator",
        "agence",
        "boutique",
        "bureau",
        "client",
        "clients",
        "commande",
        "commandes",
        "commercial",
        "compta",
        "comptabilite",
        "contact",
        "contactus",
        "direction",
        "dpo",
        "enquiries",
        "facturation",
        "hello",
        "help",
        "info",
        "infos",
        "information",
        "informations",
        "jobs",
        "magasin",
        "mail",
        "mairie",
        "marketing",
        "no-reply",
        "noreply",
        "office",
        "postmaster",
        "presse",
        "recrutement",
        "rgpd",
        "rh",
        "sales",
        "sav",
        "secretariat",
        "service",
        "serviceclient",
        "support",
        "team",
        "vente",
        "ventes",
        "webmaster",
    ]
)


@dataclass
class Alarms:
    """Counts while rows go by."""

    sequential: int = 0
    addresses: int = 0
    roles: int = 0
    _last: int = 0

    def see(self, record: Record) -> None:
        """Take one row into account."""
        for number in record.phones:
            value = int(number.e164)
            if value == self._last + 1:
                self.sequential += 1
            self._last = value
        for address in record.emails:
            self.addresses += 1
            if address.partition("@")[0] in ROLES:
                self.roles += 1

    def raised(self) -> dict[str, int]:
        """Alarms worth telling: code -> count."""
        found: dict[str, int] = {}
        if self.sequential >= SEQUENTIAL_NUMBERS:
            found["sequential_numbers"] = self.sequential
        if self.roles >= 3 and self.roles > ROLE_ADDRESSES * self.addresses:
            found["role_addresses"] = self.roles
        return found

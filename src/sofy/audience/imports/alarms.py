"""Signs that a file was bought or made up rather than collected.

Nothing is refused on a suspicion: the counts are shown before and after the import, and kept with it.
"""

from dataclasses import dataclass

from sofy.audience.imports.rows import Record

#: That many rows in a row whose numbers grow by one are a range, not people: a sorted file of real ones has short runs.
SEQUENTIAL_NUMBERS = 20
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
    _run: int = 1

    def see(self, record: Record) -> None:
        """Take one row into account."""
        for number in record.phones:
            value = int(number.e164)
            self._run = self._run + 1 if value == self._last + 1 else 1
            if self._run >= SEQUENTIAL_NUMBERS:
                self.sequential += SEQUENTIAL_NUMBERS if self._run == SEQUENTIAL_NUMBERS else 1
            self._last = value
        for address in record.emails:
            self.addresses += 1
            if address.partition("@")[0] in ROLES:
                self.roles += 1

    def raised(self) -> dict[str, int]:
        """Alarms worth telling: code -> count."""
        found: dict[str, int] = {}
        if self.sequential:
            found["sequential_numbers"] = self.sequential
        if self.roles >= 3 and self.roles > ROLE_ADDRESSES * self.addresses:
            found["role_addresses"] = self.roles
        return found

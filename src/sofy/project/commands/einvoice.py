"""`sofy einvoice`: what the official rules and a recount say of an e-invoice file, anybody's, without a database."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from sofy.billing.einvoice import facturx, recount
from sofy.billing.einvoice.rule_sets import Syntax
from sofy.billing.einvoice.validator import Finding, Validator, fatal, rule_sets
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_bytes
from sofy.project.speech import gettext as _


def add(commands: Commands) -> None:
    einvoices = group(commands, "einvoice", "E-invoices as files: Factur-X, CII, UBL.")
    check = leaf(einvoices, "check", "What the European and the French rules say of files; 1 when one is refused.", run)
    check.add_argument("file", type=Path, nargs="+", help="Factur-X (PDF), CII or UBL; - for standard input")
    leaf(einvoices, "rules", "The rules that invoices are checked by, with their versions and sums.", rules)


def run(arguments: argparse.Namespace) -> Answer:
    """Check files one after the other."""
    with Validator() as validator:
        rows = [_checked(path, validator) for path in arguments.file]
    refused = [row for row in rows if not row["valid"]]
    text = "\n".join(line for row in rows for line in _lines(row))
    return Answer(text, {"files": rows, "valid": not refused}, code=1 if refused else 0)


def rules(_arguments: argparse.Namespace) -> Answer:
    """List the rules."""
    rows = [msgspec.to_builtins(row) for row in rule_sets()]
    return Answer("\n".join(f"{row['name']} {row['version']}  {row['sha256'][:16]}" for row in rows), {"rules": rows})


def _checked(path: Path, validator: Validator) -> dict[str, Any]:
    data = read_bytes(path)
    try:
        xml = facturx.xml_of(data) if data.startswith(b"%PDF") else data
    except facturx.NotArchivable as error:
        return _row(path, "Factur-X", [Finding(rule="PDF", where="", text=str(error), fatal=True)])
    syntax: Syntax = "cii" if b"CrossIndustryInvoice" in xml else "ubl"
    named = "Factur-X" if xml is not data else syntax.upper()
    return _row(path, named, [*validator.findings(xml, syntax), *recount.findings(xml, syntax)])


def _row(path: Path, syntax: str, findings: list[Finding]) -> dict[str, Any]:
    return {
        "file": str(path),
        "syntax": syntax,
        "valid": not fatal(findings),
        "findings": [msgspec.to_builtins(finding) for finding in findings],
    }


def _lines(row: dict[str, Any]) -> list[str]:
    said = _("every rule is content") if row["valid"] else _("refused")
    found = [f"  {finding['rule']}: {finding['text']}" for finding in row["findings"]]
    return [f"{row['file']} ({row['syntax']}): {said}", *found]

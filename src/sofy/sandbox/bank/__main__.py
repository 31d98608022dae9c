"""`python -m sofy.sandbox.bank FOLDER ...`: the simulated bank on files.

    take FILE.xml --at 2026-06-17T10:00:00+02:00    a pain.008; its pain.002 is written into the folder
    transfers FILE.json                             a list of {on, amount_eur, name, iban, texts, reference}
    days 2026-07-01 [2026-07-10]                    ends these days; their camt files are written into the folder

The folder keeps the account (`state.json`). Prints one JSON line: the files that were written.
"""

import argparse
import json
from datetime import date, datetime
from pathlib import Path

import msgspec

from sofy.sandbox import process
from sofy.sandbox.bank.bank import Bank
from sofy.sandbox.bank.profile import PROFILES, Transfer
from sofy.sandbox.bank.state import State
from sofy.wire.iso20022 import PARIS

_IBAN = "FR7630006000011234567890189"


def main(argv: list[str] | None = None) -> None:
    """Read the command line and do one thing. Exits with a sentence for what cannot be done."""
    options = _parser().parse_args(argv)
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "state.json"
    state = State.from_json(kept.read_bytes()) if kept.exists() else State(iban=options.iban)
    bank = Bank(process.profile_of(options, PROFILES), state)
    try:
        written = options.run(bank, options)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise SystemExit(f"sofy.sandbox.bank: {error}") from None
    for name, content in written.items():
        (options.folder / name).write_bytes(content)
    kept.write_bytes(bank.state.to_json())
    print(json.dumps({"files": list(written), "balance_eur": str(bank.state.balance_eur)}))


def _take(bank: Bank, options: argparse.Namespace) -> dict[str, bytes]:
    at = datetime.fromisoformat(options.at)
    at = at if at.tzinfo else at.replace(tzinfo=PARIS)
    answer = bank.take(options.file.read_bytes(), at=at)
    return {f"pain002-{bank.state.answers:06d}.xml": answer}


def _transfers(bank: Bank, options: argparse.Namespace) -> dict[str, bytes]:
    bank.expect(msgspec.json.decode(options.file.read_bytes(), type=list[Transfer]))
    return {}


def _days(bank: Bank, options: argparse.Namespace) -> dict[str, bytes]:
    first = date.fromisoformat(options.first)
    last = date.fromisoformat(options.last) if options.last else first
    written = {}
    for day in bank.run(first, last):
        written[f"camt053-{day.on}.xml"] = day.statement
        if day.notification is not None:
            written[f"camt054-{day.on}.xml"] = day.notification
    return written


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sofy.sandbox.bank", description="A simulated bank, on files.")
    parser.add_argument("folder", type=Path, help="where the account and its files are kept")
    parser.add_argument("--iban", default=_IBAN, help="of a new account")
    process.add_profile(parser, PROFILES)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    take = actions.add_parser("take", help="hand in a file of direct debits (pain.008)")
    take.add_argument("file", type=Path)
    take.add_argument("--at", required=True, help="when, as 2026-06-17T10:00:00+02:00")
    take.set_defaults(run=_take)
    expected = actions.add_parser("transfers", help="announce transfers (JSON)")
    expected.add_argument("file", type=Path)
    expected.set_defaults(run=_transfers)
    days = actions.add_parser("days", help="end days, and have their statements")
    days.add_argument("first")
    days.add_argument("last", nargs="?", default="")
    days.set_defaults(run=_days)
    return parser


if __name__ == "__main__":
    main()

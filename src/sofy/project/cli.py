"""The command `sofy`: every process and everything the screens do for setting up."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from sofy.kernel import config
from sofy.kernel.errors import ConfigError, Refused
from sofy.project.answers import complain, show
from sofy.project.commands import MODULES
from sofy.project.speech import gettext as _
from sofy.project.speech import sentence


class Misused(Exception):
    """A command that was typed wrong."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, in the form that was asked for."""

    def error(self, message: str) -> NoReturn:
        raise Misused(f"{message} ({self.prog} --help says more)")


#: Commands that need neither database nor Django, and start without loading what does.
_LIGHT = frozenset({"case", "einvoice"})


def parser(modules: Sequence[str] = MODULES) -> argparse.ArgumentParser:
    """All commands; each module of `commands` adds its own."""
    root = Parser(prog="sofy", description="Campaigns, conversations and messages for shops and chains.")
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    for name in modules:
        importlib.import_module(f"sofy.project.commands.{name}").add(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["django"]:
        # Django reads its own options: nothing of them is ours.
        from sofy.project.commands.db import run_django

        return run_django(given[1:])
    arguments = argparse.Namespace(json="--json" in given)
    for name, meant in config.unknown_variables(os.environ).items():
        print(f"sofy: nothing reads {name}" + (f"; did you mean {meant}?" if meant else "."), file=sys.stderr)
    try:
        _check_readable(given)
        arguments = parser(given[:1] if given[:1] and given[0] in _LIGHT else MODULES).parse_args(given)
        return show(arguments.run(arguments), arguments)
    except Misused as error:
        return complain(str(error), "usage", arguments, status=2)
    except ConfigError as error:
        return complain(str(error), error.code, arguments)
    except Refused as error:
        return complain(sentence(error), error.code, arguments, error.facts)
    except BrokenPipeError:
        # Who read the answer has had enough of it (`| head`); at exit Python would flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return complain(problem, "failed", arguments)
    except RuntimeError as error:
        return complain(str(error), "failed", arguments)
    except UnicodeDecodeError:
        return complain(_("The file is not text in UTF-8."), "file_not_text", arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not _of_the_database(error):
            raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return complain(_("The database did not do it: {problem}").format(problem=first), "database_failed", arguments)


def _of_the_database(error: Exception) -> bool:
    """Whether PostgreSQL or the way to it failed; who never came near it does not load its driver to ask."""
    from django.db import DataError, IntegrityError, OperationalError
    from psycopg import Error

    return isinstance(error, DataError | IntegrityError | OperationalError | Error)


def _check_readable(given: Sequence[str]) -> None:
    """Raises: Misused for bytes of another encoding, which Python keeps as half characters."""
    for word in given:
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise Misused(f"{word.encode('utf-8', 'replace').decode()} is not text in UTF-8")


if __name__ == "__main__":
    sys.exit(main())

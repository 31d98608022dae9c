"""What benches take on the command line. A bad option is one line on standard error and exit status 2."""

import argparse
import json
import socket
from collections.abc import Callable
from typing import Any, NoReturn

#: The numbers that are given to nobody: +33 7 00 00 00 00 to +33 7 00 99 99 99.
RESERVED = 1_000_000
MOST_ROUNDS = 10_000
_CONNECT_S = 5.0


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line that says what and where."""

    def __init__(self, prog: str, description: str | None) -> None:
        super().__init__(prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help says more)\n")


def whole(most: int) -> Callable[[str], int]:
    """An option that is a whole number, from one to a limit."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most:,}")
        return number

    return read


def several(most: int) -> Callable[[str], list[int]]:
    """An option that is several whole numbers with commas between them, the smallest first."""
    one = whole(most)
    return lambda text: sorted({one(each) for each in text.split(",")})


def address(text: str) -> tuple[str, int]:
    """An option HOST:PORT where somebody listens."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, as in 127.0.0.1:2775")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, UnicodeError) as error:
        raise argparse.ArgumentTypeError(f"nobody answers at {text}: {error}") from None
    return host.strip("[]"), int(port)


def tell(result: dict[str, Any], *, json_only: bool) -> None:
    """The end of a bench: its table, unless only the JSON line is wanted, and that line."""
    if not json_only:
        show(result)
    print(json.dumps(result))


def show(result: dict[str, Any]) -> None:
    """The figures of a bench as a table."""
    for name, value in result.items():
        print(f"{name:>18}  {value}")

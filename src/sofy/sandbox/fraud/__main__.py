"""`python -m sofy.sandbox.fraud`: writes a labelled trace, one JSON line per message.

The lines are what `sofy fraud replay` reads; `fraud` and `shape` say what each message is, and no detector reads them.
"""

import argparse
import sys

import msgspec

from sofy.sandbox.fraud.pumping import SHAPES
from sofy.sandbox.fraud.trace import trace


def main() -> None:
    """Read the command line and write the trace to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m sofy.sandbox.fraud", description="Made-up traffic with pumping in it."
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same trace")
    parser.add_argument("--attack", choices=[*SHAPES, "none"], default="", help="which attack; by itself one of them")
    parser.add_argument("--hours", type=float, default=6.0, help="how long the trace is")
    parser.add_argument("--clients", type=int, default=4, help="how many honest clients beside the victim")
    options = parser.parse_args()
    encode = msgspec.json.Encoder().encode
    for line in trace(options.seed, shape=options.attack, hours=options.hours, clients=options.clients):
        sys.stdout.buffer.write(encode(line) + b"\n")


if __name__ == "__main__":
    main()

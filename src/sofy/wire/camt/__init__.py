"""What happened on a bank account: statements (camt.053), notifications (054) and reports (052)."""

from sofy.wire.camt.reader import load, read
from sofy.wire.camt.values import Balance, Detail, Entry, Return, Statement, StatementEnd, Total, WholeStatement
from sofy.wire.camt.writer import write

__all__ = [
    "Balance",
    "Detail",
    "Entry",
    "Return",
    "Statement",
    "StatementEnd",
    "Total",
    "WholeStatement",
    "load",
    "read",
    "write",
]

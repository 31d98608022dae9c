"""The budget of a campaign, kept while its messages are written: nothing is handed over beyond it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from sofy.engine.intake import MessageIn
from sofy.kernel.clauses import clause
from sofy.kit.rls import client_scope
from sofy.soreach.services.plan import Plan


@dataclass
class Purse:
    """What a budget still pays for. Unit: parts."""

    left: int
    reopened: bool

    @classmethod
    def of(cls, plan: Plan) -> "Purse | None":
        """The purse of an expansion; None without a budget. What an earlier run has written is paid already."""
        if plan.most_parts is None:
            return None
        where = "SELECT coalesce(sum(parts), 0) FROM engine_state WHERE client_id = %s AND campaign_id = %s"
        (row,) = _rows(where, [plan.client_id, plan.campaign_id])
        # What ladders were given is sealed; it is counted anew, person by person.
        return cls(plan.most_parts - (0 if plan.climbs else row[0]), row[0] > 0)

    @clause("DPA 6")
    def pay(self, plan: Plan, messages: Sequence[MessageIn]) -> tuple[frozenset[UUID | None], int]:
        """Pay for some messages: the contacts for whom nothing is left, and what is left after the others.

        The purse itself changes when the batch is settled on: `left` is for its owner to write.
        """
        paid = self._paid(plan, messages) if self.reopened else frozenset()
        left, beyond = self.left, set()
        for message in messages:
            parts = max([message.parts, *(rung.parts for rung in message.ladder)])
            if message.contact_id in paid:
                left -= parts if plan.climbs else 0
            elif parts > left:
                beyond.add(message.contact_id)
            else:
                left -= parts
        return frozenset(beyond), left

    @staticmethod
    def _paid(plan: Plan, messages: Sequence[MessageIn]) -> frozenset[UUID]:
        where = "SELECT contact_id FROM engine_state WHERE client_id = %s AND campaign_id = %s AND contact_id = ANY(%s)"
        contacts = [message.contact_id for message in messages]
        return frozenset(row[0] for row in _rows(where, [plan.client_id, plan.campaign_id, contacts]))


def _rows(statement: str, params: Sequence[Any]) -> list[Any]:
    with client_scope(params[0]), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())

"""GET /v1/service-level: how many messages of a month reached the gateways of operators in time."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sofy.engine.service_level import month as months
from sofy.ingest.house import House
from sofy.ingest.problems import Fault
from sofy.kernel import clock, ids
from sofy.kernel.clauses import clause

_write = msgspec.json.Encoder().encode


class ServiceLevels:
    """The endpoint; a program sees its own client only."""

    def __init__(self, house: House) -> None:
        self._house = house

    @clause("CGVU 28")
    async def show(self, request: Request) -> Response:
        """GET /v1/service-level?month=2026-11: the figure, its days, and each lost point with its evidence."""
        caller = await self._house.callers.admit(request, "messages:read")
        month = request.query_params.get("month", clock.today().strftime("%Y-%m"))
        stretch = months.bounds(month)
        if stretch is None:
            raise Fault("month_unreadable", 400, pointer="/month")
        link = self._house.link
        values = {"client": caller.client, "first": stretch[0], "after": stretch[1], "n": months.MOST_LOST}
        counted = await link.rows("service_counted_at", values)
        told = months.summary(
            month,
            [tuple(row) for row in await link.rows("service_days", values)],
            [_ided(row, 0, 8) for row in await link.rows("service_lost_points", values)],
            [_ided(row, 0) for row in await link.rows("service_records_of", values)],
            counted[0][0] if counted else None,
        )
        headers = {**caller.headers(), "cache-control": "no-store"}
        return Response(_write(told), 200, headers, "application/json")


def _ided(row: tuple[object, ...], *places: int) -> tuple[object, ...]:
    """Ids as the engine's links read them, 16 bytes each, made ids."""
    found = list(row)
    for place in places:
        raw = found[place]
        found[place] = ids.from_bytes(raw) if isinstance(raw, bytes) else raw
    return tuple(found)

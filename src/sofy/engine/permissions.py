"""How the application rooms tell the gate what it may let through: written in the transaction of their own row.

Every function works on the caller's psycopg connection (Django's is `connection.connection`) and commits nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from sofy.engine.db import sql
from sofy.kernel import clock
from sofy.kernel.channels import LANES, of_lane

#: Engines listen here for people who said no: payload is "<client>:<recipient index>", both in hex.
STOP_CHANNEL: Final = "sofy_stop"
#: Engines listen here for messages that their client takes back: payload is "<client>:<message>", both in hex.
CANCEL_CHANNEL: Final = "sofy_cancel"
#: Engines listen here for new work.
WAKE_CHANNEL: Final = "sofy_wake"

#: Processes that answer the API listen here for keys that were ended: payload is the id of the client in hex.
KEYS_CHANNEL: Final = "sofy_keys"

#: Processes that serve SMPP listen here for accounts that were changed or ended: payload is the id of one in hex.
SMPP_CHANNEL: Final = "sofy_smpp"

#: Above this many rows the bulk of an import is writing: engines then learn it from the table, within seconds.
_TELL_AT_ONCE = 100


class Permission(NamedTuple):
    """What one person allows one client: one row of `gate_permission`."""

    recipient_index: bytes
    channel: str
    purpose: Literal["marketing", "alert", "opens", "all"]
    state: Literal["granted", "withdrawn", "opposed"]
    since: datetime


def write_permissions(conn: psycopg.Connection[Any], client_id: UUID, rows: Sequence[Permission]) -> None:
    """Record what people allow or refuse; for one person the latest `since` wins.

    Purpose "all" with state "opposed" is the client's suppression list. Several rows for the same person, channel and
    purpose are reduced to the latest one first (the last of them when they are equally old).
    """
    latest: dict[tuple[bytes, str, str], Permission] = {}
    for row in rows:
        row = Permission(*row)
        key = (row.recipient_index, row.channel, row.purpose)
        if key not in latest or row.since >= latest[key].since:
            latest[key] = row
    if not latest:
        return
    kept = list(latest.values())
    conn.execute(
        sql("write_permissions"),
        {
            "client": client_id,
            "recipients": [row.recipient_index for row in kept],
            "channels": [row.channel for row in kept],
            "purposes": [row.purpose for row in kept],
            "states": [row.state for row in kept],
            "sinces": [row.since for row in kept],
        },
    )
    refusals = [row for row in kept if row.state != "granted"]
    if len(refusals) <= _TELL_AT_ONCE:
        for row in refusals:
            _notify(conn, STOP_CHANNEL, f"{client_id.hex}:{row.recipient_index.hex()}")


def write_client(
    conn: psycopg.Connection[Any],
    client_id: UUID,
    *,
    state: Literal["active", "suspended"] | None = None,
    hours: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET,
    budget_eur: Decimal | msgspec.UnsetType | None = msgspec.UNSET,
    contact_answer: str | None = None,
) -> None:
    """Tell the gate about a client; what is not given keeps its value.

    `hours`: a tightening of the contract's hours, as `kernel.hours.HoursPolicy` writes it; None: the contract's own.
    Unit: EUR before VAT for `budget_eur`; None: no limit.
    """
    conn.execute(
        sql("write_client"),
        {
            "client": client_id,
            "state": state,
            "hours": None if hours is msgspec.UNSET or hours is None else msgspec.json.encode(hours).decode(),
            "set_hours": hours is not msgspec.UNSET,
            "budget_eur": None if budget_eur is msgspec.UNSET else budget_eur,
            "set_budget": budget_eur is not msgspec.UNSET,
            "contact_answer": contact_answer,
        },
    )


def write_api_key(
    conn: psycopg.Connection[Any],
    client_id: UUID,
    key_id: UUID,
    *,
    digest: bytes,
    scopes: Sequence[str],
    networks: Sequence[str] = (),
    per_10s: int | None = None,
) -> None:
    """Let a program of a client in. `digest`: SHA-256 of the key; `networks`: from where, in CIDR; none: from anywhere.

    Unit: requests in ten seconds for `per_10s`; None: the product's own limit.
    """
    values = {"client": client_id, "id": key_id, "digest": digest, "scopes": list(scopes), "networks": list(networks)}
    conn.execute(sql("write_api_key"), values | {"per_10s": per_10s})


def end_api_key(conn: psycopg.Connection[Any], client_id: UUID, key_id: UUID) -> None:
    """Let a program of a client in no more; every process that answers the API knows within the moment."""
    conn.execute(sql("end_api_key"), {"client": client_id, "id": key_id, "now": clock.now()})
    _notify(conn, KEYS_CHANNEL, client_id.hex)


def api_keys_last_used(conn: psycopg.Connection[Any], client_id: UUID) -> dict[UUID, datetime]:
    """When each key of a client was used last, to the minute; those never used are not named."""
    return dict(conn.execute(sql("api_keys_last_used"), {"client": client_id}).fetchall())


def write_sender(conn: psycopg.Connection[Any], client_id: UUID, name: str, *, channel: str = "sms") -> None:
    """Let messages of a client show a name, an address, an agent."""
    conn.execute(sql("write_sender"), {"client": client_id, "channel": channel, "name": name})


def drop_sender(conn: psycopg.Connection[Any], client_id: UUID, name: str, *, channel: str = "sms") -> None:
    """Let messages of a client show a name no more; those that were accepted keep it."""
    conn.execute(sql("drop_sender"), {"client": client_id, "channel": channel, "name": name})


def write_template(
    conn: psycopg.Connection[Any],
    client_id: UUID,
    row_id: UUID,
    *,
    code: str,
    channel: str,
    purpose: str,
    version: int,
    state: str,
    content: bytes,
) -> None:
    """Let programs of a client use a template on a channel. `content`: sealed for `row_id`."""
    values = {"client": client_id, "id": row_id, "code": code, "channel": channel, "purpose": purpose}
    conn.execute(sql("write_template"), values | {"version": version, "state": state, "content": content})


def drop_templates(conn: psycopg.Connection[Any], client_id: UUID, code: str, *, kept: Sequence[str] = ()) -> None:
    """Let programs of a client use a template no more, but on the channels that are kept."""
    conn.execute(sql("drop_templates"), {"client": client_id, "code": code, "kept": list(kept)})


def write_establishment(conn: psycopg.Connection[Any], client_id: UUID, establishment_id: UUID, *, code: str) -> None:
    """Let programs of a client name a point of sale, by its id or its code."""
    conn.execute(sql("write_establishment"), {"client": client_id, "id": establishment_id, "code": code})


def write_channels(
    conn: psycopg.Connection[Any],
    client_id: UUID,
    *,
    off: Sequence[str],
    ladder: Sequence[tuple[str, int]],
) -> None:
    """Which channels a client does without, and which `auto` takes, in order, each for so many seconds; none: its own.

    Source: DPA 9 (transfers outside the European Union can be refused by doing without the channel).
    """
    steps = [{"channel": channel, "after_s": after_s} for channel, after_s in ladder] or None
    told = None if steps is None else msgspec.json.encode(steps).decode()
    conn.execute(sql("write_channels"), {"client": client_id, "off": list(off), "ladder": told})


def start_campaign(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID) -> None:
    """Let a campaign go; a campaign the gate was never told about goes too (a test send, for example)."""
    _write_campaign(conn, client_id, campaign_id, "running")


def campaign_expanded(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID) -> None:
    """Every recipient has its message: when the queue holds none of them any more, "campaign.finished" is published."""
    conn.execute(sql("campaign_expanded"), {"client": client_id, "campaign": campaign_id, "now": clock.now()})


def pause_campaign(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID) -> int:
    """Stop handing over; answers how many messages now wait for `resume_campaign`."""
    _write_campaign(conn, client_id, campaign_id, "paused")
    return _all_of(conn, "park_campaign", {"client": client_id, "campaign": campaign_id})


def resume_campaign(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID) -> int:
    """Go on where the pause began; answers how many messages wait for their hand-over."""
    _write_campaign(conn, client_id, campaign_id, "running")
    now = clock.now()
    count = _all_of(conn, "unpark_campaign", {"client": client_id, "campaign": campaign_id, "now": now})
    for lane in LANES:  # of whatever channel it is: those that have nothing are looked at once
        if of_lane(lane)[0] == "marketing":
            conn.execute(sql("raise_backlog"), {"client": client_id, "lane": lane, "due_at": now})
    _notify(conn, WAKE_CHANNEL, "")
    return count


def cancel_campaign(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID) -> int:
    """End a campaign for good; answers how many messages will not leave."""
    _write_campaign(conn, client_id, campaign_id, "cancelled")
    values = {"client": client_id, "campaign": campaign_id, "now": clock.now()}
    return _all_of(conn, "cancel_campaign", values)


def drop_late(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID) -> int:
    """End what was wanted on its day only and still waits after it; answers how many messages will not leave."""
    values = {"client": client_id, "campaign": campaign_id, "now": clock.now()}
    return _all_of(conn, "drop_late", values)


def look_again(conn: psycopg.Connection[Any], client_id: UUID, reason: str) -> int:
    """What waits for a person for one reason goes through the gate again; answers how many messages do."""
    now = clock.now()
    values = {"client": client_id, "reason": reason, "now": now}
    lanes = [row[0] for row in conn.execute(sql("look_again_at"), values).fetchall()]
    for lane in sorted(set(lanes)):
        conn.execute(sql("raise_backlog"), {"client": client_id, "lane": lane, "due_at": now})
    _notify(conn, WAKE_CHANNEL, "")
    return len(lanes)


def _all_of(conn: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> int:
    """Run a statement about every message of a campaign; answers how many it changed.

    A campaign of the last minute is taken for an empty one, and its messages would be compared with the queue one by
    one: hashed, both are read once.
    """
    conn.execute("SET LOCAL enable_nestloop = off")
    changed = conn.execute(sql(name), values).rowcount
    conn.execute("SET LOCAL enable_nestloop = on")
    return changed


def _write_campaign(conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID, state: str) -> None:
    values = {"client": client_id, "campaign": campaign_id, "state": state, "expanded_at": None, "now": clock.now()}
    conn.execute(sql("write_campaign"), values)


def _notify(conn: psycopg.Connection[Any], channel: str, payload: str) -> None:
    conn.execute("SELECT pg_notify(%s, %s)", (channel, payload))

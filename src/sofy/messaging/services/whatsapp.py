"""Templates at WhatsApp: handed in by the worker, approved or refused there, looked at again when somebody asks."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import aiohttp
import msgspec
from django.db import connections, transaction

from sofy.connectors.whatsapp_cloud import graph
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.failures import Remedy, remedy_for
from sofy.connectors.whatsapp_cloud.rendering import MARKETING_TTL
from sofy.engine.db import sql
from sofy.engine.route_config import open_config
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.audit import PLATFORM
from sofy.kit.below import engine_connection
from sofy.kit.jobs import defer
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import template_rules as rules
from sofy.messaging.models import WhatsappTemplate
from sofy.messaging.services import templates

State = WhatsappTemplate.State
LANGUAGE = "fr"
#: What Meta calls the states. LOCKED and UNLOCKED say who may change a text, not whether it may be sent.
#: Source: Meta, "Template status" and the webhook message_template_status_update.
STATES = {
    "PENDING": State.PENDING, "IN_APPEAL": State.PENDING, "APPROVED": State.APPROVED, "REINSTATED": State.APPROVED,
    "REJECTED": State.REJECTED, "PAUSED": State.PAUSED, "FLAGGED": State.APPROVED, "DISABLED": State.DISABLED,
    "PENDING_DELETION": State.DISABLED, "DELETED": State.DISABLED, "LIMIT_EXCEEDED": State.REJECTED,
    "ARCHIVED": State.ARCHIVED, "UNARCHIVED": State.APPROVED, "UNSENT": State.UNSENT,
}  # fmt: skip
#: What the engine is told at once: a text that still waits takes nothing away from the one in use.
_TOLD = {State.APPROVED, State.PAUSED, State.DISABLED, State.ARCHIVED}
#: What never came to be sent; another text may be in use.
_NEVER = {State.REJECTED, State.UNSENT}
#: WhatsApp is asked again after as long as was waited already: between these, and not for ever.
_FIRST_WAIT: Final = timedelta(minutes=2)
_LONGEST_WAIT: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(days=3)
T = TypeVar("T")


def submit(client_id: UUID, template_id: UUID, *, actor: str) -> WhatsappTemplate:
    """Have the worker hand the latest text in; what was approved before stays in use until this one is.

    Raises: Refused not_found, template_whatsapp_none, template_whatsapp_route.
    """
    from sofy.messaging.tasks import submit_whatsapp_template

    with transaction.atomic():
        template = templates.find(client_id, template_id, lock=True)
        contents = templates.contents_of(templates.version(template))
        if "whatsapp" not in contents or template.archived_at is not None:
            raise Refused("template_whatsapp_none")
        if not _routes(client_id):
            raise Refused("template_whatsapp_route")
        row, _created = WhatsappTemplate.objects.update_or_create(
            client_id=client_id,
            template=template,
            defaults={
                "name": f"{rules.supplier_name(client_id, template.code)}_v{template.version}",
                "language": LANGUAGE, "category": rules.category(template.purpose), "state": State.SUBMITTING,
                "event": "", "reason": "", "quality": "", "supplier_id": "", "version": template.version,
                "submitted_at": (now := clock.now()), "changed_at": now,
            },
        )  # fmt: skip
        if not _in_use(row):
            _tell_gate(row, row.version, "pending")
        defer(submit_whatsapp_template, client_id, row_id=row.pk)
        audit.append(client_id, "template.submitted", actor, {"template": template.code, "version": template.version})
    return row


def hand_in(client_id: UUID, row_id: UUID) -> None:
    """Ask Meta for its approval, when it is time. A second run finds the template there and takes over where it stands.

    When Meta cannot be reached, may say otherwise later, or wants something of the account and not of the text, the
    reason is kept and the template waits for `hand_in_waiting`.
    """
    with client_scope(client_id):
        rows = WhatsappTemplate.objects.filter(client_id=client_id, pk=row_id, state=State.SUBMITTING)
        row = rows.select_related("template").first()
        now = clock.now()
        if row is None or not _is_time(row) or not rows.filter(changed_at=row.changed_at).update(changed_at=now):
            return
        version = templates.version(row.template, row.version)
        content, samples = templates.contents_of(version)["whatsapp"], templates.samples_of(version)
    draft = graph.Draft(
        name=row.name, language=row.language, category=row.category, components=rules.components(content, samples),
        ttl_s=MARKETING_TTL[0] if row.category == "MARKETING" else None,
    )  # fmt: skip
    try:
        config = _route(client_id)
        known = next((each for each in _asked(graph.list_templates(config)) if _is(each, row)), None)
        made = known or _asked(graph.create_template(config, draft))
    except graph.GraphFailed as failed:
        reason = failed.details or str(failed.code)
        if _is_of_the_text(failed):
            news(client_id, row.name, row.language, state="REJECTED", reason=reason)
        else:
            _waits(row, reason)
        return
    except (Refused, aiohttp.ClientError, TimeoutError, OSError):
        _waits(row, "")
        return
    news(client_id, row.name, row.language, state=made.status or "PENDING", category=made.category, supplier_id=made.id)


def hand_in_waiting() -> int:
    """Hand in again what WhatsApp could not take, ever less often; answers how many were asked for.

    After three days somebody has to look: it was not submitted.
    """
    with staff_scope():
        waiting = list(WhatsappTemplate.objects.using("staff").filter(state=State.SUBMITTING))
    due = [row for row in waiting if _is_time(row)]
    for row in due:
        if clock.now() - row.submitted_at > GIVE_UP_AFTER:
            news(row.client_id, row.name, row.language, state="UNSENT", reason=row.reason)
        else:
            hand_in(row.client_id, row.pk)
    return len(due)


def _is_time(row: WhatsappTemplate) -> bool:
    """Whether a template is to be handed in: at first, then after as long as was waited already."""
    waited = row.changed_at - row.submitted_at
    return not waited or clock.now() >= row.changed_at + min(max(waited, _FIRST_WAIT), _LONGEST_WAIT)


def _waits(row: WhatsappTemplate, reason: str) -> None:
    with client_scope(row.client_id):
        WhatsappTemplate.objects.filter(pk=row.pk, state=State.SUBMITTING).update(reason=reason[:300])


def _is_of_the_text(failed: graph.GraphFailed) -> bool:
    """Whether Meta refuses the template itself; else it, the way there or the account is not ready for any."""
    return not failed.passing and failed.code != -1 and remedy_for(failed.code) is not Remedy.ACCOUNT


def synchronise(client_id: UUID) -> int:
    """Look at Meta where every template of a client stands, and an earlier text in use; answers how many are there.

    Raises: Refused template_whatsapp_route, template_whatsapp_refused; aiohttp.ClientError, TimeoutError.
    """
    with client_scope(client_id):
        every = list(WhatsappTemplate.objects.filter(client_id=client_id).select_related("template"))
        earlier = [name for row in every if (name := _earlier_name(row))]
    rows = [row for row in every if row.state not in (State.SUBMITTING, State.UNSENT)]
    if not rows and not earlier:
        return 0
    try:
        known = _asked(graph.list_templates(_route(client_id)))
    except graph.GraphFailed as failed:
        raise Refused("template_whatsapp_refused", problem=failed.details or failed.code) from None
    found = 0
    for row in rows:
        if (there := next((each for each in known if _is(each, row)), None)) is not None:
            score = (there.quality_score or {}).get("score", "")
            reason = "" if there.rejected_reason in (None, "NONE") else str(there.rejected_reason)
            news(client_id, row.name, row.language, state=there.status, category=there.category, quality=str(score),
                 reason=reason, supplier_id=there.id)  # fmt: skip
            found += 1
    for there in known:
        if there.name in earlier and there.language == LANGUAGE:
            news(client_id, there.name, there.language, state=there.status)
    return found


def news(
    client_id: UUID,
    name: str,
    language: str,
    *,
    state: str = "",
    quality: str = "",
    reason: str = "",
    category: str = "",
    supplier_id: str = "",
) -> WhatsappTemplate | None:
    """Take over what WhatsApp says of a template; what is not said stays. None: no client has such a template."""
    if client_id == PLATFORM:
        owner = _owner(name, language)
        if owner is None:
            return None
        client_id = owner
    with client_scope(client_id):
        rows = WhatsappTemplate.objects.select_for_update(no_key=True, of=("self",)).select_related("template")
        row = rows.filter(client_id=client_id, name=name, language=language).first()
        if row is None:
            return _earlier_news(client_id, name, language, state)
        row.state = STATES.get(state.upper(), row.state) if state else row.state
        row.event = state.upper()[:40] or row.event
        row.reason = (reason if state else reason or row.reason)[:300]
        row.quality, row.category = quality[:20] or row.quality, category[:20] or row.category
        row.supplier_id, row.changed_at = supplier_id[:80] or row.supplier_id, clock.now()
        row.save()
        if row.template.archived_at is None and (row.state in _TOLD or (row.state in _NEVER and not _in_use(row))):
            _tell_gate(row, row.version, "ready" if row.state == State.APPROVED else str(row.state))
        _tell_programs(row, quality=row.quality, reason=row.reason, category=row.category)
    return row


def _earlier_news(client_id: UUID, name: str, language: str, state: str) -> WhatsappTemplate | None:
    """A text in use under the name it was approved by, while a later one waits: what befalls it stops or frees it."""
    number, said = _number(name), STATES.get(state.upper())
    if number is None or said not in _TOLD:
        return None
    rows = WhatsappTemplate.objects.filter(client_id=client_id, language=language, template__archived_at=None)
    for row in rows.filter(name__startswith=f"{_stem(name)}_v").select_related("template"):
        if _stem(row.name) == _stem(name) and _version_in_gate(row) == number < row.version:
            told = "ready" if said == State.APPROVED else str(said)
            _tell_gate(row, number, told)
            _tell_programs(row, version=number, state=str(said))
            return row
    return None


def _number(name: str) -> int | None:
    """Which version of a template has this name at WhatsApp."""
    number = name.rpartition("_v")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 7 else None


def _stem(name: str) -> str:
    return name.rpartition("_v")[0]


def _earlier_name(row: WhatsappTemplate) -> str:
    """What the text is called at WhatsApp that is in use until the latest one is approved; empty: there is none."""
    number = _version_in_gate(row)
    return f"{_stem(row.name)}_v{number}" if number is not None and number < row.version else ""


def _tell_programs(row: WhatsappTemplate, **more: object) -> None:
    """Webhooks that asked for it hear of it."""
    told = {
        "template": row.template.code, "channel": "whatsapp", "version": row.version, "state": row.state,
        "quality": "", "reason": "", "category": row.category,
    } | more  # fmt: skip
    values = {"client": row.client_id, "kind": "template.updated", "now": clock.now()}
    engine_connection().execute(sql("tell"), values | {"data": msgspec.json.encode(told).decode()})


def _tell_gate(row: WhatsappTemplate, number: int, state: str) -> None:
    contents = templates.contents_of(templates.version(row.template, number))
    sent = rules.as_sent(f"{_stem(row.name)}_v{number}", row.language, contents["whatsapp"])
    templates.write_gate(row.template, "whatsapp", sent, number=number, state=state)


def _in_use(row: WhatsappTemplate) -> bool:
    """Whether programs may use a text of this template now."""
    found = _gate(row)
    return found is not None and found[0] == "ready"


def _version_in_gate(row: WhatsappTemplate) -> int | None:
    found = _gate(row)
    return None if found is None else int(found[1])


def _gate(row: WhatsappTemplate) -> tuple[Any, ...] | None:
    values = (row.client_id, row.template.code)
    asked = "SELECT state, version FROM gate_template WHERE client_id = %s AND code = %s AND channel = 'whatsapp'"
    return engine_connection().execute(asked, values).fetchone()


def _owner(name: str, language: str) -> UUID | None:
    """Whose template this is, or an earlier version of."""
    with staff_scope():
        rows = WhatsappTemplate.objects.using("staff").filter(language=language, name__startswith=f"{_stem(name)}_v")
        return next((row.client_id for row in rows if _stem(row.name) == _stem(name)), None)


def _is(there: graph.Known, row: WhatsappTemplate) -> bool:
    return (there.name, there.language) == (row.name, row.language)


def _routes(client_id: UUID) -> list[tuple[UUID, dict[str, Any]]]:
    """The numbers a client writes from: its own first, then those of everybody."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "SELECT id, config FROM engine_route WHERE connector = %s AND state <> 'draining'"
            " AND (client_id = %s OR client_id IS NULL) ORDER BY client_id IS NULL, code",
            [WhatsAppCloudConnector.code, client_id],
        )
        return [
            (row_id, msgspec.json.decode(config) if isinstance(config, str) else config) for row_id, config in cursor
        ]


def _route(client_id: UUID) -> Config:
    """The account templates are handed in to. Raises: Refused template_whatsapp_route."""
    routes = _routes(client_id)
    if not routes:
        raise Refused("template_whatsapp_route")
    route_id, stored = routes[0]
    return msgspec.convert(open_config(keystore(), WhatsAppCloudConnector, route_id, stored), Config)


def _asked(question: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(question)

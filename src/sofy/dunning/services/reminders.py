"""Reminders: mails before and after the due date, each kept with its words, their hash and how it was sent."""

import time
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from sofy.billing.models import Invoice
from sofy.billing.services import events, freezing, tables
from sofy.clients.models import Client
from sofy.contracts.rules.values import PARIS
from sofy.dunning.models import Act, Standing
from sofy.dunning.rules import reminders
from sofy.dunning.rules.position import Owed
from sofy.dunning.services import acts, mails, notices, standings
from sofy.kernel import clock
from sofy.kernel.business_hours import works
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

ACTOR = "dunning"
#: Hours of Paris in which a reminder leaves.
_OPENS, _CLOSES = 8, 18
#: Unit: seconds of one turn of the chore; contracts of one look.
LONGEST_S, BATCH = 120, 200
_log = structlog.get_logger("sofy.dunning")


def steps() -> list[int]:
    """The days from the due date on which invoices are brought to mind, as the operator set them."""
    return sorted(int(day) for day in settings.SOFY.reminder_days.split(",") if day.strip())


def remind_all() -> int:
    """Look once a day for what is to be brought to mind, in office hours; answers how many mails left."""
    now = clock.now().astimezone(PARIS)
    if not works(now.date()) or not _OPENS <= now.hour < _CLOSES:
        return 0
    ends, sent = time.monotonic() + LONGEST_S, 0
    while time.monotonic() < ends:
        with staff_scope():
            found, shared = _waiting(), tables.current()
        for client_id, form_id in found:
            try:
                sent += remind(client_id, form_id, shared=shared)
            except Refused as refused:
                _log.error("reminder_not_sent", order_form=str(form_id), error=refused.code)
                _looked(client_id, form_id)
        if not found:
            break
    return sent


def _waiting() -> list[tuple[UUID, UUID]]:
    """Contracts with something open of which a day of a reminder has come; inside the staff scope."""
    today, days = freezing.today(), Q()
    for step in steps():
        latest = today - timedelta(days=step)
        days |= Q(due_on__range=(latest - timedelta(days=reminders.SLACK), latest))
    if settings.SOFY.formal_notice_after_days:
        days |= Q(due_on__lte=today - timedelta(days=settings.SOFY.formal_notice_after_days))
    if not days:
        return []
    of_them = Invoice.objects.using("staff").filter(days).values("order_form")
    rows = Standing.objects.using("staff").filter(order_form__in=of_them).exclude(reminded_on=today)
    rows = rows.filter(Q(oldest_due_on__isnull=False) | Q(next_due_on__isnull=False))
    return list(rows.order_by("id").values_list("client_id", "order_form_id")[:BATCH])


def remind(client_id: UUID, order_form_id: UUID, *, shared: tables.Shared | None = None) -> int:
    """Send the reminders of one contract that are due today, and its formal notice where that leaves by itself.

    The words are kept in the transaction that sends them: what is kept was handed over; a kill in between sends twice.
    Raises: Refused (contract_unknown, contract_unreadable, nobody_to_write_to, mail_not_taken).
    """
    sent = 0
    with staff_scope():
        form = events.locked(client_id, order_form_id)
        worked = standings.work_out(client_id, order_form_id, shared=shared)
        before = Act.objects.using("staff").filter(order_form=form, what=Act.What.REMINDER)
        done = {(step or 0, number) for step, numbers in before.values_list("step", "invoices") for number in numbers}
        if worked.position.notice is None and not worked.position.insolvent:
            found = reminders.due(worked.position.owed, freezing.today(), steps(), done)
            for step, owed in sorted(found.items()):
                _send(worked, step, owed)
                sent += 1
    after = settings.SOFY.formal_notice_after_days
    late = [(worked.position.as_of - one.due_on).days for one in worked.position.demandable]
    if after and late and max(late) >= after and worked.position.notice is None:
        notices.send(client_id, order_form_id, actor=ACTOR)
        sent += 1
    _looked(client_id, order_form_id)
    return sent


def _looked(client_id: UUID, order_form_id: UUID) -> None:
    with staff_scope():
        rows = Standing.objects.using("staff").filter(client_id=client_id, order_form_id=order_form_id)
        rows.update(reminded_on=freezing.today())


def _send(worked: standings.Worked, step: int, owed: list[Owed]) -> None:
    form, case = worked.order_form, worked.contract.case
    to = mails.contacts(form.client_id, case.client)
    client = Client.objects.using("staff").get(pk=form.client_id)
    with translation.override(to.language):
        context = {
            "step": step, "owed": owed, "entity": case.entity, "number": form.number,
            "total_eur": sum(one.open_eur for one in owed), "link": notices.due_link(client.slug),
        }  # fmt: skip
        text = render_to_string("dunning/mail/reminder.txt", context).strip() + "\n"
        subject = _("Invoices to be paid soon") if step < 0 else _("Reminder: invoices to be paid")
        acts.keep(
            form, what=Act.What.REMINDER, key=f"reminder/{step}/{freezing.today()}", text=text, actor=ACTOR, step=step,
            invoices=[one.number for one in owed], proof=mails.send(to, f"{subject} – {form.number}", text),
        )  # fmt: skip

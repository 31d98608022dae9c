"""Where a template stands at WhatsApp, and what to do about it, in words."""

from datetime import datetime

from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from sofy.kernel import clock
from sofy.messaging.models import WhatsappTemplate
from sofy.ui import formats

State = WhatsappTemplate.State
_USABLE = _("Programs may use it as long as it is approved.")

#: What WhatsApp said last, where its word says more than the state. Source: Meta, message_template_status_update.
EVENTS = {
    "IN_APPEAL": _("WhatsApp looks at its refusal once more, as it was asked to."),
    "FLAGGED": _("People complained about it: it may still be sent, and will be disabled if that goes on."),
    "REINSTATED": _("It may be sent again."),
    "UNARCHIVED": _("It may be sent again."),
    "PENDING_DELETION": _("It is being deleted at WhatsApp. If you need it, change the text, then submit it again."),
    "DELETED": _("It was deleted at WhatsApp. If you need it, change the text, then submit it again."),
    "LIMIT_EXCEEDED": _("Your account has as many templates as WhatsApp allows: delete some there, then submit again."),
    "LOCKED": _("WhatsApp locked it: its text cannot be changed there for now. What it approved may be sent."),
}
STATES = {
    State.PENDING: _("WhatsApp looks at it, mostly within a day. Programs may use it once it is approved."),
    State.REJECTED: _("WhatsApp refused it: change the text, then submit it again."),
    State.PAUSED: _("WhatsApp paused it, since people blocked or reported it: nobody gets it until WhatsApp goes on."),
    State.DISABLED: _("WhatsApp disabled it: it cannot be sent any more. Write another text."),
    State.ARCHIVED: _(
        "WhatsApp put it away, since nobody used it for long, and deletes it after 28 days: take it out of the archive"
        " in WhatsApp Manager."
    ),
    State.UNSENT: _("WhatsApp could not take it for three days: look at the reason, then submit it again."),
}
#: Meta's reasons; what is none of these it says in words of its own.
REASONS = {
    "ABUSIVE_CONTENT": _("The text breaks a rule of WhatsApp: it is abusive."),
    "INVALID_FORMAT": _("Places, links or special characters are not written as WhatsApp wants them."),
    "INCORRECT_CATEGORY": _("The text is not of its category: marketing and alerts are told apart."),
    "PROMOTIONAL": _("The text is marketing, which its category does not allow."),
    "TAG_CONTENT_MISMATCH": _("The text is not in its language, or not of its category."),
    "SCAM": _("WhatsApp takes the text for a fraud."),
    "LOW_QUALITY": _("People blocked or reported it too often."),
}


#: What Meta takes it for, which decides what it costs and to whom it may go.
CATEGORIES = {
    "MARKETING": _("marketing"),
    "UTILITY": _("service notice (utility)"),
    "AUTHENTICATION": _("code (authentication)"),
}
#: How people took it lately.
QUALITIES = {
    "GREEN": _("high"),
    "YELLOW": _("medium: some people block or report it"),
    "RED": _("low: many people block or report it"),
    "UNKNOWN": _("not known yet"),
}
#: Where the same text can be submitted once more.
_ONCE_MORE = (State.REJECTED, State.UNSENT)


def said(row: WhatsappTemplate | None) -> str:
    """What a person should know of where a template stands."""
    if row is None:
        return gettext("Outside of a conversation WhatsApp takes only texts it has approved: submit this one.")
    if row.state == State.SUBMITTING:
        return _being_submitted(row)
    return str(EVENTS.get(row.event) or STATES.get(State(row.state), _USABLE))


def reason(row: WhatsappTemplate | None) -> str:
    """Why, in words; in Meta's own where there are none here."""
    return "" if row is None else str(REASONS.get(row.reason, row.reason))


def category(row: WhatsappTemplate | None) -> str:
    """What WhatsApp takes it for."""
    return "" if row is None else str(CATEGORIES.get(row.category, row.category))


def quality(row: WhatsappTemplate | None) -> str:
    """How people took it, as WhatsApp says; nothing while it says nothing."""
    return "" if row is None else str(QUALITIES.get(row.quality, row.quality))


def can_be_submitted(row: WhatsappTemplate | None, *, changed: bool) -> bool:
    """Whether submitting it leads anywhere: WhatsApp has nothing of it, has another text, or did not take it."""
    return row is None or changed or State(row.state) in _ONCE_MORE


def _being_submitted(row: WhatsappTemplate) -> str:
    if row.changed_at == row.submitted_at:
        return gettext("It is on its way to WhatsApp.")
    return gettext(
        "WhatsApp has not taken it yet: it could not be reached or was not ready (last try: %(last)s). It is asked"
        " again by itself, ever less often, for three days: there is nothing to do."
    ) % {"last": _moment(row.changed_at)}


def _moment(at: datetime) -> str:
    return formats.moment(localtime(at), get_language(), localtime(clock.now()).date())

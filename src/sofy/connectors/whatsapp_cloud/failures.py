"""What to do about each error of the Cloud API, as data. Meta: build on `code`, not on the HTTP status or the title.

Sources: [E] Meta, "Cloud API error codes"; [T] "Throughput", "Pair rate limits" and "Messaging limits"; [P] "Per-user
marketing template message limits"; [B] "Business-scoped user IDs".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from sofy.connectors.base import Action
from sofy.kernel.clauses import clause


class Remedy(StrEnum):
    """What an error calls for, finer than `Action`, which the engine knows."""

    BACK_OFF = "back_off"  # the number or the application is too fast: the whole route slows down
    PAIR = "pair"  # too fast for this one person
    RETRY = "retry"  # later, a few times
    REST = "rest"  # nothing more to this person for 24 hours
    OPT_OUT = "opt_out"  # this person stopped marketing
    TEMPLATE = "template"  # only a template may be sent now
    CAMPAIGN = "campaign"  # what runs with this template or number has to stop until a person looked
    OURS = "ours"  # what was asked for is wrong
    ACCOUNT = "account"  # token, rights, payment or standing of the account


#: How long somebody rests. Unit: seconds.
REST_S: Final = 86_400.0

ACTIONS: Mapping[Remedy, Action] = {
    Remedy.BACK_OFF: Action.SLOW_LINK,
    Remedy.PAIR: Action.RETRY,
    Remedy.RETRY: Action.RETRY,
    Remedy.REST: Action.PERMANENT,
    Remedy.OPT_OUT: Action.PERMANENT,
    Remedy.TEMPLATE: Action.PERMANENT,
    Remedy.CAMPAIGN: Action.CONFIGURATION,
    Remedy.OURS: Action.CONFIGURATION,
    Remedy.ACCOUNT: Action.CONFIGURATION,
}


class Failure(NamedTuple):
    """One row: this code calls for this."""

    code: int
    remedy: Remedy
    meaning: str
    source: str = "E"


TABLE: tuple[Failure, ...] = (
    Failure(4, Remedy.BACK_OFF, "the application made too many calls"),
    Failure(80007, Remedy.BACK_OFF, "the business account made too many calls"),
    Failure(130429, Remedy.BACK_OFF, "the number sends more than its throughput", "T"),
    Failure(133016, Remedy.BACK_OFF, "the number was registered too often"),
    Failure(131056, Remedy.PAIR, "too many messages to this person in a short time", "T"),
    Failure(1, Remedy.RETRY, "unknown error of the API"),
    Failure(2, Remedy.RETRY, "the service is away for a moment"),
    Failure(131000, Remedy.RETRY, "something went wrong"),
    Failure(131016, Remedy.RETRY, "the service is overloaded"),
    Failure(131053, Remedy.RETRY, "the media could not be fetched or is not of its type"),
    Failure(131057, Remedy.RETRY, "the account is in maintenance"),
    Failure(135000, Remedy.RETRY, "the message could not be sent"),
    Failure(131049, Remedy.REST, "Meta keeps this marketing back: the person had enough of it", "P"),
    Failure(130472, Remedy.REST, "the person's number is part of an experiment", "P"),
    Failure(131026, Remedy.REST, "undeliverable: no WhatsApp, an old version, or the terms not accepted"),
    Failure(131050, Remedy.OPT_OUT, "the person stopped marketing messages of this business", "P"),
    Failure(131047, Remedy.TEMPLATE, "more than 24 hours since the person last wrote"),
    Failure(131048, Remedy.CAMPAIGN, "too many people blocked or reported the number", "T"),
    Failure(131064, Remedy.CAMPAIGN, "the number reached its messaging limit", "T"),
    Failure(131063, Remedy.CAMPAIGN, "marketing templates are not allowed on this account"),
    Failure(132007, Remedy.CAMPAIGN, "the template breaks a policy"),
    Failure(132015, Remedy.CAMPAIGN, "the template is paused for its quality"),
    Failure(132016, Remedy.CAMPAIGN, "the template is disabled for its quality"),
    Failure(100, Remedy.OURS, "a parameter is not known or not right"),
    Failure(131008, Remedy.OURS, "a parameter is missing"),
    Failure(131009, Remedy.OURS, "the value of a parameter is not right"),
    Failure(131051, Remedy.OURS, "this type of message is not supported"),
    Failure(131062, Remedy.OURS, "a code goes to a phone number only, not to a user id", "B"),
    Failure(132000, Remedy.OURS, "the template has another number of places"),
    Failure(132001, Remedy.OURS, "no such template in this language"),
    Failure(132005, Remedy.OURS, "the template is too long once it is filled in"),
    Failure(132012, Remedy.OURS, "a value does not fit the place of the template"),
    Failure(0, Remedy.ACCOUNT, "the token was not accepted"),
    Failure(3, Remedy.ACCOUNT, "the application may not do this"),
    Failure(10, Remedy.ACCOUNT, "a permission is missing or was taken away"),
    Failure(190, Remedy.ACCOUNT, "the token has expired"),
    Failure(368, Remedy.ACCOUNT, "the account is blocked for a policy"),
    Failure(130497, Remedy.ACCOUNT, "the account may not write to this country"),
    Failure(131031, Remedy.ACCOUNT, "the account is locked"),
    Failure(131042, Remedy.ACCOUNT, "the payment method of the account fails"),
    Failure(131045, Remedy.ACCOUNT, "the certificate of the number is not right"),
)

#: No message of anybody leaves until a person looked: the next one would only fail as well.
ACCOUNT_WIDE = frozenset({0, 190, 368, 131031, 131042, 131045, 131048})

_BY_CODE: Mapping[int, Failure] = {row.code: row for row in TABLE}
_PERMISSIONS = range(200, 300)


def remedy_for(code: int) -> Remedy | None:
    """What a code calls for; None when nobody told."""
    if code in _PERMISSIONS:
        return Remedy.ACCOUNT
    row = _BY_CODE.get(code)
    return row.remedy if row else None


@clause("CGVU 14.3")
def action_for(code: int) -> Action:
    """What the engine does about a code. One that nobody told says nothing about the person: another route may do."""
    remedy = remedy_for(code)
    return ACTIONS[remedy] if remedy is not None else Action.OTHER_ROUTE

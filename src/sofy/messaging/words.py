"""How this room's refusals, and the reasons the engine gives, are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENDER = {
    "sender_empty": _("Write the name that messages will show."),
    "sender_too_long": _("“{sender}” is too long: 11 letters and digits at most."),
    "sender_characters": _("“{sender}” may have letters without accents and digits only, no space."),
    "sender_generic": _("“{sender}” is a general word that operators replace: use your brand."),
    "sender_only_digits": _("“{sender}” has digits only: use your brand."),
    "sender_mobile_number": _("A mobile number cannot send campaigns: use your brand."),
    "sender_short_code_purpose": _("“{sender}” is a short code for alerts: marketing uses 36xxx."),
}
STOP_LIST = {
    "stop_list_name": _("Say which list this is, as in Bloctel."),
    "stop_list_reason": _("Say why the file is taken back: it is kept in the platform’s journal."),
    "stop_list_no_number": _("This is neither a phone number nor an e-mail address."),
    "stop_file_known": _("The list {list} has this very file already. Nothing was changed."),
    "stop_file_state": _("Somebody else was faster: look at where this file stands now. Nothing was changed."),
}
ROUTE = {
    "route_state": _("A route is one of these: {known}."),
    "route_code": _("“{route}” cannot name a route: letters, digits, - and _ only."),
    "route_name": _("Write a name of 80 characters at most."),
    "route_purposes": _("Choose what the route carries."),
    "route_alphabets": _("UCS-2 is needed: it carries the signs that the other alphabets lack."),
    "short_code_unreadable": _("“{short_code}” is no short code: five digits, 36xxx or 38xxx."),
    "short_code_marketing": _("“{short_code}” is a short code for alerts: a route for marketing answers at 36xxx."),
    "short_code_alert": _("“{short_code}” is a short code for marketing: a route for alerts answers at 38xxx."),
    "price_unreadable": _("“{price}” is no price: write it as 0.045."),
    "price_range": _("A price is from 0 to {most} €, with six decimals at most."),
}
REFUSALS: dict[str, "str | Promise"] = {
    **SENDER,
    **STOP_LIST,
    **ROUTE,
}

#: What this room writes in a journal.
ACTIONS: dict[str, "str | Promise"] = {
    "sender.added": _("Sender added"),
    "sender.withdrawn": _("Sender withdrawn"),
    "stop_list.asked": _("A number was looked up in the stop list"),
    "stop_list.checked": _("File of the stop list looked through"),
    "stop_list.discarded": _("File of the stop list thrown away"),
    "stop_list.imported": _("File added to the stop list"),
    "stop_list.resumed": _("Work on a file of the stop list resumed"),
    "stop_list.withdrawn": _("File of the stop list taken back"),
}
FACTS: dict[str, "str | Promise"] = {
    "list": _("list"),
    "numbers": _("numbers and addresses"),
    "found": _("found"),
}

#: Reasons the engine gives; one that is not listed shows its own code.
REASONS: dict[str, "str | Promise"] = {
    "campaign_cancelled": _("campaign cancelled"),
    "client_cancelled": _("taken back by your software"),
    "absent_subscriber": _("phone off or out of reach"),
    "unknown_subscriber": _("number not in service"),
    "no_consent": _("no consent"),
    "opposed": _("said no"),
    "withdrawn": _("said STOP meanwhile"),
    "suppressed": _("on a suppression list"),
    "platform_suppressed": _("on a suppression list"),
    "client_suspended": _("account suspended"),
    "budget_spent": _("budget used up"),
    "stop_mention_missing": _("mention STOP SMS missing"),
    **dict.fromkeys(SENDER, _("sender not allowed")),
    "outside_hours": _("outside the permitted hours"),
    "no_permitted_hour": _("no permitted hour"),
    "hours_unreadable": _("the client’s hours cannot be read: held until they can"),
    "stop": _("said STOP meanwhile"),
    "no_receipt": _("no receipt from the operator"),
    "receipt": _("reported by the operator"),
    "refused_suppress": _("number that does not exist"),
    "refused_permanent": _("refused by the operator for good"),
    "refused_configuration": _("refused by the operator: our settings"),
    "refused_retry": _("refused by the operator"),
    "refused_other_route": _("refused by the operator"),
    "refused_slow_link": _("operator too busy"),
    "retry": _("will be tried again"),
    "no_answer": _("the operator has not answered"),
    "campaign_paused": _("campaign paused"),
    "too_late": _("could not leave on its day"),
}


def reason_text(code: str) -> str:
    """The words for a reason of the engine."""
    return str(REASONS.get(code) or code.replace("_", " "))

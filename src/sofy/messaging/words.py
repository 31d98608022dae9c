"""How this room's refusals are said to people."""

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
REFUSALS: dict[str, "str | Promise"] = {**SENDER, "route_state": _("A route is one of these: {known}.")}

"""How refusals, checks, reasons and figures are said to people."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sofy.kernel import clock
from sofy.messaging.words import reason_text as engine_reason
from sofy.soreach.report import Opens, Report
from sofy.soreach.rules import Check, Verdict
from sofy.ui import formats
from sofy.ui.statuses import look

Words = dict[str, "str | Promise"]

CONTENT: Words = {
    "content_empty": _("The message is empty: write its text."),
    "content_empty_rcs": _("The RCS message is empty: write its text."),
    "content_empty_email": _("The e-mail is empty: write a heading or a text."),
    "rcs_image": _("The picture of the RCS message needs an address that begins with https://."),
    "rcs_button_label": _("A button says something in {most} characters at most."),
    "rcs_button_address": _("A button that opens a page needs an address that begins with https://."),
    "rcs_button_number": _("A button that calls needs a telephone number, as +33 1 99 00 00 00."),
    "email_subject_missing": _("The e-mail has no subject."),
    "email_image": _("The picture of the e-mail needs an address that begins with https://."),
    "email_link": _("The button of the e-mail needs an address that begins with https://."),
    "email_button_label": _("The button of the e-mail needs a word on it."),
    "email_template_gone": _("The template {template} has no e-mail for marketing any more: choose another one."),
    "email_place": _("A field of the e-mail stands where none may: {place}."),
    "whatsapp_template_none": _("Choose a template that WhatsApp approved."),
    "whatsapp_template_gone": _(
        "The template {template} is not approved for marketing by WhatsApp any more: choose another one."
    ),
    "whatsapp_value_missing": _("Say what stands in the place “{place}” of the WhatsApp template."),
    "whatsapp_value_address": _("The button of the place “{place}” needs an address that begins with https://."),
    "whatsapp_last": _(
        "WhatsApp can only be the last channel of a marketing message: it goes on trying for 12 hours and nothing can "
        "be called back."
    ),
    "channels_unknown": _("Choose how the message travels."),
    "channels_time": _("Wait between one minute and {most} hours before the next channel."),
    "content_too_long": _("The text has more than {limit} characters: shorten it."),
    "content_tag_refused": _("Line {line}: “{tag}” is not possible in a message. These are: {allowed}."),
    "content_filter_refused": _("Line {line}: the filter “{filter}” does not exist here. These do: {allowed}."),
    "content_sign_refused": _("Line {line}: the sign “{sign}” has no place between the braces."),
    "content_call_refused": _("Line {line}: a field is written alone, without parentheses."),
    "content_field_absent": _(
        "Line {line}: no contact has a field “{field}”. The step “Content” lists those there are."
    ),
    "content_field_unknown": _("Line {line}: no contact has a field “{field}”. Did you mean “{suggestion}”?"),
    "content_brace_not_closed": _("Line {line}: “{brace}” stands alone. A field is written {{{{ prenom }}}}."),
    "content_number_expected": _(
        "Line {line}: “{field}” is a number. Compare it with a number, without quotes: {field} > 100."
    ),
    "content_text_expected": _("Line {line}: “{field}” is a text. Compare it with a text, between quotes."),
    "content_date_expected": _(
        "Line {line}: “{field}” is a date. Compare it with a date between quotes, such as 31/12/2026."
    ),
    "content_bool_expected": _("Line {line}: “{field}” is yes or no. Write it alone: {{% if {field} %}}."),
    "content_same_expected": _("Line {line}: only values of one kind can be compared."),
    "content_if_not_closed": _("A condition is not closed: add {{% endif %}}."),
    "content_syntax": _("Line {line}: this expression cannot be read. A field is written {{{{ prenom }}}}."),
}

REFUSALS: Words = CONTENT | {
    "sheet_too_long": _("A spreadsheet holds {most} people at most: take the table (CSV)."),
    "campaign_not_draft": _(
        "This campaign has left the draft: it cannot be changed any more. Duplicate it to start again."
    ),
    "campaign_not_waiting": _("This campaign is not waiting for an approval."),
    "campaign_cannot": _("The campaign is in another state by now: look at it again."),
    "campaign_checks": _("Something stops this campaign: see the checks."),
    "typed_count": _("Type the number of recipients, {expected}, to confirm."),
    "approval_by_same_person": _("Somebody else must approve: you prepared this campaign."),
    "segment_missing": _("One of the segments does not exist any more: choose again."),
    "route_missing": _("Choose a route that exists."),
    "not_found": _("It does not exist any more."),
    "client_suspended": _("Your account is suspended: nothing leaves."),
    "test_not_asked": _("Say that the owners of these numbers asked for this message: a test needs consent too."),
    "test_not_agreed": _(
        "One of these numbers has not agreed to marketing by SMS: a store manager tries a text on numbers that agreed "
        "before."
    ),
    "test_most_a_day": _(
        "A campaign sends at most {most} test messages a day, and {sent} have left today: try again tomorrow."
    ),
    "draft_of_somebody": _("Somebody else wrote this draft: ask them or an owner to delete it."),
    "test_numbers": _("Give one to {most} mobile numbers, one per line."),
    "number_invalid": _("“{number}” is not a mobile number."),
    "address_invalid": _("One of these is no e-mail address."),
    "stop_missing_rcs": _("The RCS message of {variants} does not say how to receive no more."),
    "stop_missing_email": _("The e-mail of {variants} has no link to receive no more: without it nothing may leave."),
    "stop_missing_whatsapp": _(
        "The WhatsApp template of {variants} has neither a STOP button nor a line that says STOP: choose another one."
    ),
    "channel_sender_rcs": _("The RCS agent is another one by now: choose the channels again."),
    "channel_sender_email": _("No e-mail address of yours may send yet: add your domain and an address first."),
    "channel_sender_whatsapp": _("The WhatsApp number is another one by now: choose the channels again."),
    "number_opposed": _("One of these numbers said STOP: it receives nothing, tests included (art. 14.1)."),
    "test_value_missing": _("The chosen contact has no “{field}”: choose another one or give the field a default."),
    "stop_mention_missing": _(
        "The mention STOP SMS {short_code} is missing, or touches a field or a condition (art. 14.1): add it to the "
        "text."
    ),
}

CHECKS: Words = CONTENT | {
    "no_segment": _("Nobody is chosen: pick at least one segment."),
    "segments_unusable": _("A segment of this campaign cannot be read any more: choose the audience again."),
    "nobody_reachable": _("Nobody in this audience agreed to marketing by SMS: nothing would leave."),
    "nobody_reachable_there": _(
        "Nobody in this audience agreed to marketing by a channel of this campaign: nothing would leave."
    ),
    "consent": _("{reachable} people agreed and will receive it; {left_out} are left out."),
    "stop_mention_missing": _(
        "The mention STOP SMS {short_code} is missing in {variants}, or touches a field or a condition that can change "
        "it: without it nothing may leave."
    ),
    "stop_mention": _("The mention STOP SMS {short_code} reaches everybody."),
    "channel_missing_rcs": _("There is no route for RCS any more: choose the channels again."),
    "channel_missing_whatsapp": _("There is no route for WhatsApp any more: choose the channels again."),
    "channel_missing_email": _("There is no route for e-mail any more: choose the channels again."),
    "channel_sender_rcs": _("The RCS agent is another one by now: choose the channels again."),
    "channel_sender_email": _("No e-mail address of yours may send yet: add your domain and an address first."),
    "channel_sender_whatsapp": _("The WhatsApp number is another one by now: choose the channels again."),
    "channel_price_whatsapp": _("WhatsApp has another price by now: choose the channels again to see what it costs."),
    "channel_paused_whatsapp": _("The route for WhatsApp is paused: messages will wait."),
    "channel_off_sms": _("SMS is switched off for your account: choose other channels, or switch it on again."),
    "channel_off_rcs": _("RCS is switched off for your account: choose other channels, or switch it on again."),
    "channel_off_whatsapp": _(
        "WhatsApp is switched off for your account: choose other channels, or switch it on again."
    ),
    "channel_off_email": _("E-mail is switched off for your account: choose other channels, or switch it on again."),
    "whatsapp_at_night": _(
        "WhatsApp goes on trying for 12 hours, and nothing can be called back: what leaves at {at} may still be "
        "delivered until {until}, at night too."
    ),
    "channel_price_rcs": _("RCS has another price by now: choose the channels again to see what it costs."),
    "channel_price_email": _("E-mail has another price by now: choose the channels again to see what it costs."),
    "channel_paused_rcs": _("The route for RCS is paused: messages will wait, then take the next channel."),
    "channel_paused_email": _("The route for e-mail is paused: messages will wait."),
    "stop_said_rcs": _("Everybody sees by RCS how to receive no more."),
    "stop_missing_rcs": _("The RCS message of {variants} does not say how to receive no more."),
    "stop_said_whatsapp": _("Everybody sees by WhatsApp how to receive no more."),
    "stop_missing_whatsapp": _(
        "The WhatsApp template of {variants} has neither a STOP button nor a line that says STOP: choose another one."
    ),
    "stop_said_email": _("Every e-mail carries the link to receive no more."),
    "stop_missing_email": _("The e-mail of {variants} has no link to receive no more: without it nothing may leave."),
    "then_sms": _("Whoever is not reached in {hours} hours gets the SMS. Nobody gets both."),
    "then_email": _("Whoever is not reached in {hours} hours gets the e-mail, where they agreed to e-mails."),
    "then_whatsapp": _(
        "Whoever is not reached in {hours} hours gets the WhatsApp message, where they agreed to WhatsApp."
    ),
    "then_rcs": _("Whoever is not reached in {hours} hours gets the RCS message."),
    "cost_about": _("About {cost_eur} before VAT."),
    "cost_between": _("Between {least_eur} and {cost_eur} before VAT: it depends on who is reached where."),
    "sender": _("{sender} may be shown as sender."),
    "sender_empty": _("No sender is chosen."),
    "sender_unknown": _("{sender} is not among your senders: add it first."),
    "sender_too_long": _("The sender {sender} is longer than 11 characters."),
    "sender_characters": _("The sender {sender} may have letters without accents and digits only."),
    "sender_generic": _("The sender {sender} is a general word: operators replace it. Use your brand."),
    "sender_only_digits": _("A sender made of digits only is not possible: {sender}."),
    "sender_mobile_number": _("{sender} is a mobile number: operators refuse it as a sender of campaigns."),
    "sender_short_code_purpose": _("{sender} is a short code for alerts: marketing uses 36xxx."),
    "route_missing": _("No route is chosen."),
    "route_without_short_code": _("The route {route} has no short code: nobody could answer STOP."),
    "route_changed": _(
        "The route {route} has another short code by now, {short_code}: choose it again and check the mention."
    ),
    "route_paused": _("The route {route} is paused: messages will wait."),
    "missing_value": _("{count} people have no “{field}”: they will be left out. Give it a default."),
    "missing_value_about": _(
        "About {count} people have no “{field}” where their text needs it: they will be left out. Give it a default."
    ),
    "text_too_long": _("For about {count} people the text becomes too long: they will be left out."),
    "over_campaign_budget": _("{cost_eur} for {parts} SMS is more than the budget of this campaign, {budget_eur}."),
    "over_client_budget": _("{cost_eur} for {parts} SMS is more than what is left of your budget, {budget_eur}."),
    "cost": _("About {cost_eur} before VAT for {parts} SMS."),
    "no_date": _("Choose the day and the hour."),
    "date_in_the_past": _("{at} is over: choose another moment."),
    "outside_hours": _("Marketing is forbidden at {at}. The first messages will leave {opens_at}."),
    "hours": _("Messages may leave from {at} to {closes_at}."),
    "same_text_planned": _("“{name}”, planned for {at}, has the same text."),
    "same_text_recently": _("“{name}” had the same text on {at}."),
    "same_people_recently": _("“{name}” of {at} went to {count} of these people in the last {days} days."),
    "cap": _("Marketing messages per person: {messages} at most in {days} days. People beyond it are left out."),
    "no_cap": _("No limit of messages per person is set."),
    "client_suspended": _("Your account is suspended: nothing leaves."),
    "editorial": _("It was stated that the content holds nothing forbidden."),
    "editorial_yes": _("It was stated that the content holds something forbidden: its publisher answers for it."),
    "editorial_not_answered": _("Nobody has said whether the content holds something forbidden."),
}

TOPICS: Words = {
    "pornographic": _("pornographic content"),
    "violent": _("violent content"),
    "hateful": _("hateful content"),
    "racist": _("racist content"),
    "discrimination": _("incitement to discrimination"),
}

EXCLUSIONS: Words = {
    "no_consent": _("No consent"),
    "opposed": _("Said no"),
    "suppressed": _("On a suppression list"),
    "invalid": _("No valid mobile"),
    "capped": _("Too many messages lately"),
    "duplicate_number": _("Number written to already"),
    "missing_value": _("A field is empty"),
    "too_long": _("Text too long"),
    "over_budget": _("Budget of the campaign spent"),
}


def reach_text(state: str, *, by_mail: bool = False) -> str:
    """What somebody of an audience is, before the campaign leaves."""
    return gettext("Would receive it") if state == "reachable" else exclusion_text(state, by_mail=by_mail)


def exclusion_text(reason: str, *, by_mail: bool = False) -> str:
    """Why somebody was left out; who gets an e-mail needs no mobile."""
    if reason == "invalid" and by_mail:
        return gettext("No valid e-mail address")
    return str(EXCLUSIONS.get(reason, reason))


FIGURES: Words = {
    "audience": _("Audience"),
    "recipients": _("Recipients"),
    "handed_over": _("Handed over"),
    "received": _("Received"),
    "taken": _("Taken by mail servers"),
    "clicked": _("Clicked"),
    "machines": _("Visits by machines"),
    "opens": _("Opens, approximately"),
    "opened": _("Opened, of who agreed to be counted"),
    "stops": _("STOP"),
    "replies": _("Replied"),
    "failed": _("Not delivered"),
    "waiting": _("Waiting"),
    "excluded": _("Left out"),
    "hard": _("Hard bounces"),
    "soft": _("Soft bounces"),
    "complaints": _("Spam complaints"),
    "unsubscribed": _("Unsubscribed"),
}


def step_text(figure: str, only_channel: str = "") -> str:
    """A step from the audience to the click; who a message is handed to depends on the channel, if it is one alone."""
    return str(look("submitted", only_channel).label if figure == "handed_over" else FIGURES[figure])


STATUSES: Words = {
    "failed": _("Not delivered"),
    "expired": _("Expired"),
    "unknown": _("No receipt"),
    "withheld": _("Withheld by rule"),
    "cancelled": _("Cancelled"),
    "excluded": _("Left out"),
}

#: What this room writes in a client's journal, beyond what `clients` knows already.
ACTIONS: Words = {
    "campaign.submitted": _("Campaign sent for approval"),
    "campaign.deleted": _("Draft of a campaign deleted"),
    "campaign.recalled": _("Campaign taken back to its draft"),
    "campaign.refused": _("Campaign stopped by a check"),
    "campaign.tested": _("Test messages sent"),
    "campaign.budget_spent": _("Budget of a campaign spent"),
    "campaign.dropped_late": _("Late messages dropped"),
}

DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


def number(value: int) -> str:
    """A number in the reader's language."""
    return formats.number(value, get_language())


def _shown(value: Any) -> Any:
    """A fact of a check as people write it."""
    if hasattr(value, "astimezone"):
        local = value.astimezone(clock.PARIS)
        return formats.moment(local, get_language(), clock.now().astimezone(clock.PARIS).date())
    if hasattr(value, "quantize"):
        return formats.euros(value, get_language())
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    return value


def check_text(check: Check) -> str:
    """What a check says."""
    pattern = CHECKS.get(check.code)
    facts = {name: _shown(value) for name, value in check.facts.items()}
    try:
        return str(pattern).format(**facts) if pattern else check.code
    except (KeyError, IndexError):  # kept by an earlier release, without what the sentence needs today
        return check.code


def status_text(status: str) -> str:
    """Where a message stands, in this room's words or those of everywhere."""
    return str(STATUSES.get(status) or look(status).label)


def reason_text(status: str, reason: str, channel: str = "") -> str:
    """Why somebody did not receive a message of this channel."""
    if status == "excluded":
        return exclusion_text(reason, by_mail=channel == "email")
    said = status_text(status)
    if not reason:
        return said
    if reason == "receipt" and channel in ("", "sms"):
        return gettext("%(status)s, according to the operator") % {"status": said}
    return gettext("%(status)s: %(reason)s") % {"status": said, "reason": why_text(reason, channel)}


def why_text(reason: str, channel: str = "") -> str:
    """A reason alone, for a line that shows the state already."""
    return str(EXCLUSIONS.get(reason) or engine_reason(reason, channel))


CHANNELS: Words = {"sms": _("SMS"), "rcs": _("RCS"), "whatsapp": _("WhatsApp"), "email": _("E-mail")}
ON_CHANNEL: Words = {
    "sent-by": _("Sent by %(channel)s"),
    "received-by": _("Received by %(channel)s"),
    "read-by": _("Read by %(channel)s"),
    "failed-by": _("Failed by %(channel)s"),
    "withheld-by": _("Withheld by rule: %(channel)s"),
    "stops-by": _("Said STOP by %(channel)s"),
    "passed-by": _("Not reached by %(channel)s, then another way"),
}
ON_CHANNEL_SHORT: Words = {
    "sent": _("Sent"),
    "received": _("Received"),
    "read": _("Read"),
    "failed": _("Failed"),
    "withheld": _("Withheld by rule"),
    "hard": _("Hard bounces"),
    "soft": _("Soft bounces"),
    "complaints": _("Spam complaints"),
    "unsubscribed": _("Unsubscribed"),
    "stops": _("STOP"),
    "passed": _("Then another"),
    "cost_eur": _("Cost before VAT"),
}


def figure_text(figure: str, labels: Mapping[str, str]) -> str:
    """The title of the list of people behind a figure; `labels` name establishments."""
    kind, _colon, value = figure.partition(":")
    if kind in ON_CHANNEL:
        return str(ON_CHANNEL[kind]) % {"channel": CHANNELS.get(value, value)}
    if kind == "status":
        return status_text(value)
    if kind == "reason":
        status, _colon, reason = value.partition(":")
        return reason_text(status, reason)
    if kind == "excluded" and value:
        return str(EXCLUSIONS.get(value, value))
    if kind == "establishment":
        return labels.get(value, gettext("No point of sale"))
    if kind == "variant":
        return gettext("Variant %(label)s") % {"label": value}
    return str(FIGURES.get(figure, figure))


def sentence(report: Report) -> str:
    """The one sentence a report opens on."""
    shown = report.progress
    if report.by_mail:
        return _mail_sentence(report)
    received = ngettext(
        "%(received)s person out of %(recipients)s received it",
        "%(received)s people out of %(recipients)s received it",
        shown.received,
    ) % {"received": number(shown.received), "recipients": number(shown.recipients)}
    clicked = ngettext("%(n)s person clicked", "%(n)s people clicked", shown.clicked) % {"n": number(shown.clicked)}
    return gettext("%(received)s; %(clicked)s; %(stops)s STOP.") % {
        "received": received,
        "clicked": clicked,
        "stops": number(shown.stops),
    }


def _mail_sentence(report: Report) -> str:
    """Of a campaign by e-mail alone: what mail servers took, and who wants no more."""
    shown = report.progress
    taken = mail_taken_text(shown.taken, shown.recipients)
    clicked = ngettext("%(n)s person clicked", "%(n)s people clicked", shown.clicked) % {"n": number(shown.clicked)}
    left = sum(one.unsubscribed for one in report.channels)
    gone = ngettext("%(n)s unsubscribed", "%(n)s unsubscribed", left) % {"n": number(left)}
    return gettext("%(taken)s; %(clicked)s; %(gone)s.") % {"taken": taken, "clicked": clicked, "gone": gone}


def mail_taken_text(taken: int, recipients: int) -> str:
    """How many mails of a campaign mail servers took and did not send back."""
    return ngettext(
        "%(taken)s mail out of %(recipients)s was taken by the mail servers",
        "%(taken)s mails out of %(recipients)s were taken by the mail servers",
        taken,
    ) % {"taken": number(taken), "recipients": number(recipients)}


def opens_text(opens: Opens) -> str:
    """What the figure of openings is worth."""
    return gettext(
        "The image of the e-mails was fetched %(fetched)s times, %(early)s of them by machines that fetch it whether "
        "or not anybody reads (Apple Mail Privacy Protection, scanners of companies): these do not count. Gmail shows "
        "it again without asking, and who blocks images is never counted: an order of magnitude, to compare campaigns."
    ) % {"fetched": number(opens.fetched), "early": number(opens.early)}


def verdict_text(verdict: Verdict, *, by_replies: bool) -> str:
    """What the A/B test allows to say, with the test that was made."""
    what = gettext("replies") if by_replies else gettext("human clicks")
    if verdict.kind == "not_enough_data":
        return gettext(
            "Not enough data to tell the variants apart by %(what)s: the test needs at least 30 people per variant and "
            "5 expected in each cell."
        ) % {"what": what}
    p_value = formats.number(max(verdict.p_value or 0.0, 0.0001), get_language(), 4)
    facts = {"best": verdict.best, "second": verdict.second, "what": what, "p": p_value}
    if verdict.kind == "winner":
        return (
            gettext("Variant %(best)s does better than %(second)s by %(what)s (two-proportion z test, p = %(p)s).")
            % facts
        )
    return (
        gettext(
            "No significant difference between %(best)s and %(second)s by %(what)s (two-proportion z test, p = %(p)s)."
        )
        % facts
    )

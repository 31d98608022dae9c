"""How this room's refusals, and the reasons the engine gives, are said to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.connectors.base import NOT_RCS

SENDER = {
    "sender_empty": _("Write the name that messages will show."),
    "sender_too_long": _("“{sender}” is too long: 11 letters and digits at most."),
    "sender_characters": _("“{sender}” may have letters without accents and digits only, no space."),
    "sender_generic": _("“{sender}” is a general word that operators replace: use your brand."),
    "sender_only_digits": _("“{sender}” has digits only: use your brand."),
    "sender_mobile_number": _("A mobile number cannot send campaigns: use your brand."),
    "sender_short_code_purpose": _("“{sender}” is a short code for alerts: marketing uses 36xxx."),
    "sender_channel": _("Choose the channel: SMS, RCS, WhatsApp or e-mail."),
    "sender_email": _("“{sender}” is no e-mail address: write it as bonjour@my-shop.fr."),
    "sender_rcs": _("“{sender}” is no RCS agent: letters without accents, digits, - and _ only."),
    "sender_whatsapp": _("“{sender}” is no WhatsApp number: write it as +33199001234, or its identifier at WhatsApp."),
    "sender_forbidden": _("“{sender}” is on the operators’ list of strictly forbidden names: use your brand."),
    "sender_letter": _("Operators want a letter of the brand for “{sender}”: add one that has not expired."),
    "sender_reason": _("Say why: the client reads it."),
    "sender_domain": _("The domain of “{sender}” is not verified yet: E-mail domains shows what its DNS lacks."),
    "email_domain": _("“{domain}” is no domain: write what stands after the @, as in my-shop.fr."),
    "email_blocks": _("The blocks of this e-mail cannot be read ({problem}). Nothing was changed."),
    "test_mail_suspended": _("Your account is suspended: nothing leaves, tests neither."),
    "test_mail_route": _("No route leads to e-mail yet, so no test can leave: ask the operator."),
    "test_mail_sender": _("No test can leave before an e-mail address of yours is approved, under “Senders”."),
    "test_mail_opposed": _(
        "Your own address said no to e-mails of this client: record on the page of the contact that you agree again."
    ),
    "test_mail_most": _("You sent yourself {most} tests today: try again tomorrow."),
    "email_unfinished": _("Some blocks are not finished: what each lacks stands beside it. Nothing was kept."),
    "email_too_long": _("This e-mail is too long: mailboxes cut what is over {limit} kB. Take blocks away."),
    "email_domains_too_many": _("{most} domains are there already: remove one first."),
    "senders_waiting": _("{most} names wait for an answer already: wait for these first."),
    "proof_empty": _("Choose the document."),
    "proof_too_large": _("The document is too large: {limit} MB at most."),
    "proof_format": _("The document is a PDF, a PNG or a JPEG."),
    "proof_expired": _("The document has expired: give one that is still good."),
    "proofs_too_many": _("{most} documents are there already: remove one first."),
    "reserved_name": _("Write the names, one per line, and choose their list."),
}
#: Why a name that was approved waits again.
SENDER_REASONS: dict[str, "str | Promise"] = {
    "letter_expired": _("The letter of the brand has expired: add one that is still good."),
}
TEMPLATE = {
    "template_code": _("“{template}” cannot name a template: small letters, digits and _ only, as in order_ready."),
    "template_purpose": _("Choose what it is for: marketing or alerts."),
    "template_empty": _("Write it for one channel at least."),
    "template_channel": _("“{channel}” is no channel: sms, rcs, whatsapp or email."),
    "template_text": _("Write the text for {channel}."),
    "template_too_long": _("The text for {channel} is too long: {limit} characters at most."),
    "template_subject": _("Write the subject of the e-mail."),
    "template_opt_out_sms": _(
        "Marketing says how to refuse it (art. 14.1): add STOP SMS and your short code to the SMS."
    ),
    "template_opt_out_rcs": _(
        "Marketing says how to refuse it (art. 14.1): add the word STOP to the text or to a button."
    ),
    "template_opt_out_whatsapp": _(
        "Marketing says how to refuse it (art. 14.1): add the word STOP to the text or to a button."
    ),
    "template_opt_out_email": _(
        "Marketing says how to refuse it (art. 14.1): add a link to {{{{unsubscribe_url}}}} to the e-mail."
    ),
    "place_unreadable": _(
        "A place for {channel} cannot be read: between two pairs of braces stands a name in letters without accents, as"
        " in {{{{city}}}}."
    ),
    "place_unquoted": _(
        "“{place}” stands where no value is safe ({channel}): put it between quotes or into the words."
    ),
    "place_code": _("“{place}” stands in a script or a style ({channel}): put it into the words."),
    "places_too_many": _("Too many different places: {limit} at most."),
    "template_unknown": _("There is no template “{template}”."),
    "template_taken": _("Another template is called “{template}” already: choose another code, or open that one."),
    "template_archived": _("The template “{template}” is archived: bring it back first."),
    "template_versions": _("This template has {most} versions: duplicate it and go on there."),
    "templates_too_many": _("There are {most} templates: no other one can be made."),
    "template_content": _("The content cannot be read: {problem}."),
    "template_buttons": _(
        "A button of {channel} cannot be read: write “Label = https://…” or a label of 25 characters at most."
    ),
    "variable_missing": _("{channel}: “{place}” has no value."),
    "variable_too_long": _("{channel}: the value of “{place}” is longer than {limit} characters."),
    "variable_characters": _("{channel}: the value of “{place}” has characters that no message may have."),
    "variable_line_break": _("{channel}: the value of “{place}” must be a single line."),
    "variable_address": _("{channel}: “{place}” is an address: its value begins with https://."),
    "filled_too_long": _("{channel}: with the values of {place} it is longer than {limit} characters."),
    "filled_empty": _("{channel}: with the values of {place} nothing is left to show."),
    "template_whatsapp_none": _("This template has no text for WhatsApp."),
    "template_whatsapp_route": _("No route leads to WhatsApp yet: ask the operator."),
    "template_whatsapp_refused": _("WhatsApp refused it: {problem}."),
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
    "route_unknown": _("No route has the code “{route}”."),
    "route_weight": _("A weight is a whole number from 0 to {most}."),
    "route_prefix": _("“{prefix}” is no prefix: digits without +, beginning with the country code."),
    "route_senders": _("A sender is 15 letters and digits at most."),
    "price_past": _("A price is in force since {since} already: a new one may begin tomorrow at the earliest."),
    "price_channel": _("“{channel}” is no channel: {known}."),
    "price_purpose": _(
        "A sale price is for one of these purposes, or for both: {known}. A route has one price for both."
    ),
    "price_country": _("“{country}” is no country: two capital letters, as FR; nothing for everywhere."),
    "price_network": _("“{network}” cannot name a network: 60 signs at most, and its country with it."),
    "price_prefix": _("Line {line}: a prefix is digits without +, with two capital letters for its country."),
    "price_owner": _("A price is of a route or of a client, not of both."),
    "price_number": _("This is no phone number."),
}
WEBHOOK = {
    "webhook_url": _("This is no address of a program: write it as https://shop.example/hooks/sofy."),
    "webhook_url_scheme": _("The address must begin with https://."),
    "webhook_url_login": _("Leave user name and password out of the address: requests are signed instead."),
    "webhook_url_private": _("This address is not on the public internet: requests do not go there."),
    "webhook_event": _("“{event}” is no type of event: message.delivered is one."),
    "webhook_batch": _("Between 1 and {most} events fit into one request."),
    "webhooks_too_many": _("There are {most} webhooks already: remove one first."),
    "webhook_unknown": _("There is no such webhook."),
    "webhook_disabled": _("The webhook is disabled: enable it first."),
    "delivery_unknown": _("There is no such request any more: they are kept for 30 days."),
}
#: Why there was no answer of a client's program, or none that counts.
PROBLEMS: dict[str, "str | Promise"] = {
    "address_refused": _("the address is not on the public internet"),
    "name_unknown": _("the name is not known"),
    "certificate": _("the certificate is not good"),
    "timeout": _("no answer within 15 seconds"),
    "unreachable": _("nobody answers there"),
    "cut": _("the line was cut"),
    "forgotten": _("the message was forgotten meanwhile"),
    "gone": _("your software answered that it is gone (410)"),
    "failing": _("nothing came through for three days"),
}
SMPP = {
    "account_name_missing": _("Name the account after the software that will use it."),
    "account_purpose": _("Choose what the account is for: marketing or alerts."),
    "account_senders": _("“{sender}” is not one of the client’s senders: register it first."),
    "max_binds_range": _("An account has 1 to {most} binds at once."),
    "per_s_range": _("An account sends 1 to {most} messages a second."),
}
FRAUD = {
    "suspicion_unknown": _("This suspicion does not exist."),
    "suspicion_decision": _("Say whether it is released, confirmed or safe."),
    "suspicion_closed": _("Somebody else was faster: this suspicion is closed. Nothing was changed."),
    "safe_range": _("Write the first digits with the country: +33 6 12."),
    "text_unknown": _("This text does not exist."),
    "block_prefix": _("Write {fewest} to {most} digits with the country, as +33 7 00 00; nothing for every number."),
    "block_purpose": _("Close it for alerts, for marketing or for both."),
    "block_reason": _("Say why: the client reads it."),
}
#: What speaks for fraud, and for marketing in an alert.
EVIDENCE: dict[str, "str | Promise"] = {
    "by_hand": _("closed by Sofy’s staff"),
    "codes_unused": _("codes nobody uses"),
    "velocity": _("more new numbers than usual"),
    "sequence": _("numbers one after the other"),
    "country": _("a country hardly written to"),
    "spend": _("too much abroad"),
    "receipts_instant": _("receipts within a second"),
    "receipts_missing": _("no receipts"),
    "repeats": _("few numbers, again and again"),
    "night": _("an unusual hour"),
    "under_attack": _("another range was closed just before"),
    "closed_elsewhere": _("closed for another client just before"),
    "several_clients": _("several clients at once"),
    "stop_mention": _("mention of STOP"),
    "offer": _("words of an offer"),
    "discount": _("a discount"),
    "free": _("something for free"),
    "game": _("a game"),
    "invitation": _("an invitation to buy"),
    "novelty": _("something new or exclusive"),
    "hurry": _("an end that hurries"),
    "selling": _("something for sale"),
    "shouting": _("shouting"),
    "disguised": _("words in disguise"),
    "send_rate": _("a list worked through"),
    "link": _("a link"),
    "same_text": _("the same text to many"),
    "code": _("a code"),
    "delivery": _("a delivery"),
    "appointment": _("an appointment"),
    "invoice": _("an invoice or a payment"),
    "alarm": _("an alarm"),
    "account": _("the person’s own account"),
}
#: What the figures of a reason count.
COUNTED: dict[str, "str | Promise"] = {
    **dict.fromkeys(("velocity", "sequence", "country", "closed_elsewhere"), _("new numbers lately")),
    "codes_unused": _("codes"),
    "spend": _("new numbers abroad lately"),
    **dict.fromkeys(("receipts_instant", "receipts_missing"), _("share of the receipts")),
    "repeats": _("messages to numbers written to before"),
    "night": _("messages at this hour"),
    "under_attack": _("closed ranges"),
}
SERVICE_LEVEL = {
    "month_unreadable": _("Write the month as 2026-11."),
    "record_dates": _(
        "The end comes after the beginning, within the last 400 days. An outage is over, or noted up to now: correct"
        " its record when it has ended."
    ),
    "record_ours": _("An outage of Sofy counts: only networks of others, and announced maintenance, are excluded."),
    "record_proof": _("Say whose network it was, and what proves it."),
    "record_channel": _("Say which channel was down: an outage of one network does not excuse the others."),
    "record_notice": _(
        "Maintenance excuses nothing unless it was announced 48 hours before it begins: give the moment of that e-mail."
    ),
    "record_unknown": _("There is no such record, or it was withdrawn already."),
}
CHANNELS: dict[str, "str | Promise"] = {
    "channel_unknown": _("“{channel}” is no channel: these are: {known}."),
    "channels_all_off": _("One channel at least stays: to stop everything, ask for a suspension."),
    "channel_on_and_off": _("{channel} cannot be switched on and off at once."),
    "ladder_unreadable": _("“{ladder}” is no order: write rcs,sms or, with seconds, rcs:600,sms."),
    "ladder_twice": _("A channel stands twice in the order: each is tried once."),
    "ladder_time": _("A channel is tried for {least} seconds to {most} hours before the next one."),
    "ladder_channel_off": _("{channel} is switched off and cannot stand in the order."),
}
#: What became of the deadline of a message; of those that were withheld, the gate says why.
SERVICE_REASONS: dict[str, "str | Promise"] = {
    "late": _("left after its deadline"),
    "waiting": _("has not left, and its deadline is over"),
    "too_late": _("could not leave before its deadline"),
    "refused": _("refused by the operator although its number is good"),
    "no_answer": _("nobody can tell whether the operator has it"),
    "held_wrongly": _("held by mistake"),
    "bad_number": _("the number does not exist"),
    "taken_back": _("taken back before it was due"),
    "outage": _("outage of another company’s network"),
    "maintenance": _("maintenance announced 48 hours before"),
    "client_wish": _("kept waiting by a pause or a budget"),
}
REFUSALS: dict[str, "str | Promise"] = {
    **SERVICE_LEVEL,
    **CHANNELS,
    **SENDER,
    **WEBHOOK,
    **TEMPLATE,
    **STOP_LIST,
    **ROUTE,
    **SMPP,
    **FRAUD,
}

#: What this room writes in a journal.
ACTIONS: dict[str, "str | Promise"] = {
    "email_domain.added": _("E-mail domain added"),
    "email_domain.removed": _("E-mail domain removed"),
    "service_record.noted": _("Outage or maintenance noted"),
    "service_record.withdrawn": _("Outage or maintenance withdrawn"),
    "fraud.alerted": _("Suspected fraud: the client’s people were told"),
    "fraud.confirm": _("Suspected fraud confirmed"),
    "fraud.closed_by_hand": _("Range of numbers closed by Sofy’s staff"),
    "fraud.lift": _("Suspected fraud is over: range opened"),
    "fraud.fiction_on": _("Numbers that nobody has are judged too"),
    "fraud.fiction_off": _("Numbers that nobody has are left alone"),
    "fraud.enforced": _("Fraud verdicts are carried out"),
    "fraud.fail_open": _("Fraud verdicts are shown only"),
    "fraud.release": _("Suspected fraud released"),
    "fraud.safe": _("Range declared safe"),
    "fraud.safe_added": _("Safe range added"),
    "fraud.safe_removed": _("Safe range removed"),
    "fraud.samples_read": _("Numbers of suspected fraud read"),
    "misuse.read": _("Text of a held alert read"),
    "misuse.refused": _("Held alert refused"),
    "misuse.released": _("Held alert released"),
    "sender.added": _("Sender added"),
    "sender.approved": _("Sender approved"),
    "sender.lapsed": _("The letter for a sender has expired"),
    "sender.proof_added": _("Document for a sender added"),
    "sender.proof_read": _("Document for a sender read"),
    "sender.proof_removed": _("Document for a sender removed"),
    "sender.refused": _("Sender refused"),
    "sender.requested": _("Sender asked for"),
    "sender.withdrawn": _("Sender withdrawn"),
    "messages.exported": _("Messages taken as a file"),
    "reserved_names.added": _("Names reserved by operators added"),
    "reserved_names.removed": _("Name reserved by operators removed"),
    "template.archived": _("Template archived"),
    "template.created": _("Template made"),
    "template.saved": _("Template changed"),
    "template.submitted": _("Template submitted to WhatsApp"),
    "template.tested": _("Test of an e-mail sent to its author"),
    "template.unarchived": _("Template brought back"),
    "route.weighed": _("Choice of a route changed"),
    "price.added": _("Prices added"),
    "price.networks": _("Table of prefixes taken over"),
    "client.channels": _("Channels chosen"),
    "webhook.added": _("Webhook added"),
    "webhook.changed": _("Webhook changed"),
    "webhook.disabled": _("Webhook disabled: nothing came through"),
    "webhook.enabled": _("Webhook enabled again"),
    "webhook.removed": _("Webhook removed"),
    "webhook.replayed": _("Webhook told once more"),
    "webhook.rotated": _("Secret of a webhook changed"),
    "smpp_account.changed": _("SMPP account changed"),
    "smpp_account.created": _("SMPP account made"),
    "smpp_account.disabled": _("SMPP account disabled"),
    "smpp_account.password": _("SMPP account given another password"),
    "stop_list.asked": _("A number was looked up in the stop list"),
    "stop_list.checked": _("File of the stop list looked through"),
    "stop_list.discarded": _("File of the stop list thrown away"),
    "stop_list.imported": _("File added to the stop list"),
    "stop_list.resumed": _("Work on a file of the stop list resumed"),
    "stop_list.withdrawn": _("File of the stop list taken back"),
}
FACTS: dict[str, "str | Promise"] = {
    "off": _("switched off"),
    "order": _("order"),
    "list": _("list"),
    "suspicion": _("suspicion"),
    "people": _("people"),
    "text": _("text"),
    "numbers": _("numbers and addresses"),
    "found": _("found"),
    "account": _("account"),
    "names": _("names"),
    "rule": _("rule"),
    "template": _("template"),
    "version": _("version"),
    "host": _("server"),
    "requests": _("requests"),
    "webhook": _("webhook"),
    "because": _("because"),
}

#: Reasons the engine gives; one that is not listed shows its own code.
REASONS: dict[str, "str | Promise"] = {
    "campaign_cancelled": _("campaign cancelled"),
    "other_route": _("the route did not deliver it"),
    "client_cancelled": _("taken back by your software"),
    "absent_subscriber": _("phone off or out of reach"),
    "unknown_subscriber": _("number not in service"),
    "no_consent": _("no consent"),
    "opposed": _("said no"),
    "withdrawn": _("said STOP meanwhile"),
    "suppressed": _("on a suppression list"),
    "platform_suppressed": _("on a suppression list"),
    "fraud_blocked": _("pumping of messages: this range of numbers is closed"),
    "fraud_suspected": _("suspected pumping of messages: held for review"),
    "alert_reads_like_marketing": _("an alert that reads like marketing: held for review"),
    "alert_is_marketing": _("marketing sent as an alert"),
    "client_suspended": _("account suspended"),
    "channel_off": _("this channel is switched off"),
    "budget_spent": _("budget used up"),
    "stop_mention_missing": _("mention STOP SMS missing"),
    "window_closed": _("WhatsApp: no message of the person within 24 hours, so only a template may leave"),
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


#: The same of mails: nobody there is an operator, and who is written to has an address.
MAIL_REASONS: dict[str, "str | Promise"] = {
    "receipt": _("returned by the mail server"),
    "no_receipt": _("no news from the mail server"),
    "unknown_subscriber": _("address that does not exist"),
    "refused_suppress": _("address that does not exist"),
    "refused_permanent": _("refused by the mail server for good"),
    "refused_configuration": _("refused by the mail server: our settings"),
    "refused_retry": _("refused by the mail server"),
    "refused_other_route": _("refused by the mail server"),
    "refused_slow_link": _("mail server too busy"),
    "no_answer": _("the mail server has not answered"),
}
RCS_REASONS: dict[str, "str | Promise"] = {
    "receipt": _("reported by the RCS service"),
    "no_receipt": _("no news from the RCS service"),
    "refused_permanent": _("refused by the RCS service for good"),
    "refused_configuration": _("refused by the RCS service: our settings"),
    "refused_retry": _("refused by the RCS service"),
    "refused_other_route": _("refused by the RCS service"),
    "refused_slow_link": _("RCS service too busy"),
    "no_answer": _("the RCS service has not answered"),
}
WHATSAPP_REASONS: dict[str, "str | Promise"] = {
    "receipt": _("reported by WhatsApp"),
    "no_receipt": _("no news from WhatsApp"),
    "refused_permanent": _("refused by WhatsApp for good"),
    "refused_configuration": _("refused by WhatsApp: our settings"),
    "refused_retry": _("refused by WhatsApp"),
    "refused_other_route": _("refused by WhatsApp"),
    "refused_slow_link": _("WhatsApp too busy"),
    "no_answer": _("WhatsApp has not answered"),
}
#: What each channel says in words of its own.
BY_CHANNEL = {"rcs": RCS_REASONS, "whatsapp": WHATSAPP_REASONS, "email": MAIL_REASONS}
#: What a supplier's own code says better than the reason it falls under.
CODES: dict[str, "str | Promise"] = {NOT_RCS: _("this phone has no RCS")}


def reason_text(code: str, channel: str = "", supplier_code: str = "") -> str:
    """The words for a reason of the engine, for a message of this channel."""
    said = CODES.get(supplier_code) or BY_CHANNEL.get(channel, {}).get(code) or REASONS.get(code)
    return str(said or code.replace("_", " "))


def service_reason_text(code: str) -> str:
    """The words for what became of a deadline."""
    return str(SERVICE_REASONS.get(code) or reason_text(code))

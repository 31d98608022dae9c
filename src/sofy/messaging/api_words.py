"""The texts of the API's description, for the catalogue of translations.

They are written where the API is, below the Django line, in English, which `openapi.json` keeps. Here they stand so
that the page of the reference reads in its reader's language; a test fails when one of them is missing or of no use.
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TEXTS = (
    _(
        "Messages of a client's own software. Every answer to a POST means that what it says is on disk. "
        "Refusals follow RFC 9457, in French or, when Accept-Language asks for it, English; `code` is stable. "
        "RateLimit headers count the requests of 10 seconds."
    ),
    _("Send a message"),
    _("Your own word for this request, for 24 hours: sent again, it gets the same answer."),
    _("Accepted: it is on disk."),
    _("The request cannot be read."),
    _("No key, or one that opens nothing."),
    _("The key may not do this, or not from there; or the account is suspended."),
    _("The body came too slowly."),
    _("The Idempotency-Key came with another request, or its request is still being answered."),
    _("The body is too large."),
    _("The body is not JSON."),
    _("Something in it is not acceptable."),
    _("Too many requests: wait as long as Retry-After says."),
    _("Our fault: nothing was accepted."),
    _("The database is away: ask again with the same Idempotency-Key."),
    _("Find messages by reference"),
    _("The newest first, 100 at most."),
    _("Send up to 10,000 messages"),
    _("Some were accepted; `refused` says which were not, and why."),
    _("A message and all that happened to it"),
    _("Where it stands."),
    _("There is no such message."),
    _("Take back a message that has not left"),
    _("It is cancelled."),
    _("It has left, or is leaving at this moment."),
    _("Say that the code of a message was used"),
    _("Noted."),
    _("It was not sent."),
    _("What would happen to a message now; nothing is sent"),
    _("The plan."),
    _("Routing success of a month (article 28)"),
    _("A month in Paris; the present one unless said."),
    _("The figure with its evidence."),
    _("A message that is stored and will be handed over as soon as the rules allow. Unit: EUR before VAT."),
    _("As how many SMS it is counted."),
    _("Its sale price on the first channel."),
    _("Which of the messages of a batch has which id."),
    _("Up to 10,000 messages; each is accepted or refused by itself."),
    _("What became of each message of a batch."),
    _("Something to tap. `value`: what comes back for a reply, an address for url, a number for call."),
    _(
        "A route that may carry a message. Unit: EUR before VAT, as the client pays. `share`: of messages "
        "like this one; `quality`: of parts, those that arrive, within a minute for an alert. `sender`: what "
        "it shows instead of the sender."
    ),
    _("A picture with words and buttons; several make a carousel."),
    _("That this person agreed to marketing, and how that can be shown. Source: DPA 5, CGVU 17."),
    _("Where it was given."),
    _("When it was given."),
    _("Which text the person agreed to."),
    _("What a message says. `html` is the page of an e-mail, complete; `text` stands beside it."),
    _("What became of the messages accepted on a day, in Paris."),
    _("One thing that happened, as webhooks are told."),
    _("Events of a webhook that asked for several in one request."),
    _("What is tried when the channel before led nowhere. Without words of its own it says the same."),
    _("A channel that was not tried before."),
    _("For how long the channel before is tried: 60 s for alerts, 4 h for marketing."),
    _("Also when the channel before took the message and says nothing: it may come twice."),
    _("Where the person is reached by this channel, if elsewhere."),
    _("Messages that carry a reference, the newest first."),
    _("One message that was not routed in time, with what is known of it."),
    _("lost, or excluded by a dated record"),
    _("When it was lost."),
    _("The record that excuses it."),
    _("When it was handed over, when it was."),
    _("A file that the channel fetches from `url`."),
    _("One message to be sent."),
    _("Mobile number, best as +33639980001, or an e-mail address."),
    _("marketing needs a consent and says how to stop; service answers a message of the last 24 h."),
    _("What the phone shows. This, content or template."),
    _("Pictures, cards, buttons, a page: for channels that show them."),
    _("The code of one of your templates, instead of text and content."),
    _("The values of the template's places, by their names."),
    _("auto: your ladder, RCS then SMS at first. Without it: SMS, or e-mail to an address."),
    _("Tried next, in this order."),
    _("A registered name or address; without it, the first one in the alphabet."),
    _("Kept as proof; it never lifts an opposition."),
    _("Your own word for it. Nothing about a person."),
    _("Not before this moment."),
    _("Worth nothing so many seconds after it may leave."),
    _("The message of this person that it answers: the id of a message.inbound event."),
    _("The point of sale it is about: its id or its code."),
    _("A step of a message. `data`: what GET /v1/messages/{id} said when it had just happened."),
    _("Of what shares a key, a greater sequence happened later."),
    _("What is no message: template.updated, fraud.suspected, webhook.test."),
    _("What would happen to a message if it were sent now; nothing was."),
    _("Why a request was refused. Source: RFC 9457."),
    _("Whether the phone has RCS as Google said at `known_at`, what it can show; none: nobody was told lately."),
    _("How many messages of the month share a fate."),
    _("Why a message of a batch was not taken."),
    _("A route that may not carry it, since it does not send there (country, prefix) or does not show its sender."),
    _(
        "A channel that is tried, in its order. `deadline_s`: for how long before the next one is; none: no "
        "next one. `reach`: for RCS, what is known of the phone. Unit: EUR before VAT."
    ),
    _("What somebody sent back. `message`: the one it answers; `keyword`: stop, contact or nothing."),
    _("An answer of a person."),
    _("Routing success of a month: messages handed over or lawfully withheld within their deadline."),
    _("Rounded down, so that no rounding keeps the promise; null: no message yet."),
    _("Not decided yet: their deadline is still to come."),
    _("Every figure is at least as young."),
    _("The newest first, 1000 at most."),
    _("A dated record of an outage of others, or of a maintenance announced 48 hours before."),
    _(
        "A message with all that happened to it. `to` and `text` are empty once they were forgotten. `content`: what "
        "was sent when that is more than a text (cards, buttons, a file, a template), without the page of an e-mail; "
        "`text` then says it in words. `smpp_ids`: the ids that SMPP told of its parts, or of all that a submit_multi "
        "made; `destinations`: for the latter, "
        "each of them, while the rest is about the one that is least far."
    ),
    _("One of the messages that a submit_multi made."),
    _("Something that happened to a message. `article`: on what a verdict rests; `channel`: where several are tried."),
    _("A template that WhatsApp approved, with the values of its places in order."),
    _("A channel of a message that may take several. Without a status it was not begun."),
    _("What the compliance gate would say at this moment."),
)


def translated(text: str) -> str:
    """A text of the description in the reader's language; the lines of a docstring become one."""
    line = " ".join(text.split())
    return gettext(line) if line else ""

"""A tree said in words, in the language of the reader."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from sofy.audience.segments import tree
from sofy.audience.segments.names import Names
from sofy.ui import formats


def sentence(root: tree.AnyNode, names: Names) -> str:
    """The whole segment as one sentence: "Contacts within 10 km of Lyon, and who speak French."."""
    if isinstance(root, tree.All) and not root.negated:
        if not root.of:
            return _("All contacts.")
        parts = [phrase(part, names) for part in root.of]
        return _("Contacts %(conditions)s.") % {"conditions": _(", and ").join(parts)}
    return _("Contacts %(conditions)s.") % {"conditions": phrase(root, names)}


def phrase(node: tree.AnyNode, names: Names) -> str:
    """One node as the end of a sentence that begins with "Contacts"."""
    if isinstance(node, tree.GROUPS):
        return _group(node, names)
    yes, no = PHRASES[type(node)](node, names)
    return no if node.negated else yes


def _group(node: tree.Group, names: Names) -> str:
    if not node.of:
        return _("(empty group)")
    joint = _(", and ") if isinstance(node, tree.All) else _(", or ")
    inside = joint.join(phrase(part, names) for part in node.of)
    if node.negated != isinstance(node, tree.Without):
        return _("not (%(conditions)s)") % {"conditions": inside}
    return f"({inside})" if len(node.of) > 1 else inside


def one_of(values: Iterable[str]) -> str:
    """ "A", "A or B", "A, B or C"; a long list is cut and counted."""
    shown = list(values)
    if len(shown) > 4:
        more = len(shown) - 3
        return ", ".join(shown[:3]) + " " + ngettext("or %(n)s more", "or %(n)s more", more) % {"n": more}
    return (
        shown[0]
        if len(shown) == 1
        else _("%(first)s or %(last)s") % {"first": ", ".join(shown[:-1]), "last": shown[-1]}
    )


def language_name(code: str) -> str:
    """The name of a language in the language of the reader."""
    try:
        reader = Locale.parse(formats.locale_of(get_language()))
        return str(reader.languages.get(code.lower()) or code)
    except (UnknownLocaleError, ValueError):
        return code


Two = tuple[str, str]


def _title(node: tree.IsTitle, _names: Names) -> Two:
    words = {"mr": pgettext("title", "Mr"), "mrs": pgettext("title", "Mrs"), "unknown": pgettext("title", "not known")}
    facts = {"titles": one_of(words[value] for value in node.values)}
    return _("whose title is %(titles)s") % facts, _("whose title is not %(titles)s") % facts


def _language(node: tree.IsLanguage, _names: Names) -> Two:
    facts = {"languages": one_of(language_name(value) for value in node.values)}
    return _("whose language is %(languages)s") % facts, _("whose language is not %(languages)s") % facts


def _age(node: tree.IsAged, _names: Names) -> Two:
    facts = {"least": node.at_least, "most": node.at_most}
    if node.at_least is None:
        return _("aged %(most)s or less") % facts, _("not aged %(most)s or less") % facts
    if node.at_most is None:
        return _("aged %(least)s or more") % facts, _("not aged %(least)s or more") % facts
    return _("aged %(least)s to %(most)s") % facts, _("not aged %(least)s to %(most)s") % facts


def _postcode(node: tree.InPostcode, _names: Names) -> Two:
    facts = {"prefixes": one_of(node.prefixes)}
    return (
        _("whose postcode begins with %(prefixes)s") % facts,
        _("whose postcode does not begin with %(prefixes)s") % facts,
    )


def _town(node: tree.InTown, _names: Names) -> Two:
    facts = {"prefixes": one_of(node.prefixes)}
    return _("whose town begins with %(prefixes)s") % facts, _("whose town does not begin with %(prefixes)s") % facts


def _attribute(node: tree.HasAttribute, names: Names) -> Two:
    facts = {
        "label": names.attributes.get(node.name, (node.name, ""))[0],
        "value": _shown(node.value),
        "to": _shown(node.to),
        "values": one_of(node.values) if node.values else "",
    }
    said: dict[str, Callable[[], Two]] = {
        "equals": lambda: (_("whose “%(label)s” is %(value)s"), _("whose “%(label)s” is not %(value)s")),
        "differs": lambda: (
            _("whose “%(label)s” is other than %(value)s"),
            _("whose “%(label)s” is not other than %(value)s"),
        ),
        "starts_with": lambda: (
            _("whose “%(label)s” begins with %(value)s"),
            _("whose “%(label)s” does not begin with %(value)s"),
        ),
        "above": lambda: (_("whose “%(label)s” is above %(value)s"), _("whose “%(label)s” is not above %(value)s")),
        "below": lambda: (_("whose “%(label)s” is below %(value)s"), _("whose “%(label)s” is not below %(value)s")),
        "between": lambda: (
            _("whose “%(label)s” is between %(value)s and %(to)s"),
            _("whose “%(label)s” is not between %(value)s and %(to)s"),
        ),
        "one_of": lambda: (_("whose “%(label)s” is %(values)s"), _("whose “%(label)s” is not %(values)s")),
        "filled": lambda: (_("with “%(label)s” filled in"), _("without “%(label)s”")),
    }
    yes, no = said[node.test]()
    return yes % facts, no % facts


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float) and value.is_integer():
        return formats.number(int(value), get_language())
    return str(value if value is not None else "")


def _named(ids: Iterable[UUID], names: dict[UUID, str]) -> str:
    return one_of(_("“%(name)s”") % {"name": names[each]} if each in names else _("(removed)") for each in ids)


def _book(node: tree.InBook, names: Names) -> Two:
    facts = {"books": _named(node.books, names.books)}
    return _("in the book %(books)s") % facts, _("not in the book %(books)s") % facts


def _establishment(node: tree.OfEstablishment, names: Names) -> Two:
    facts = {"shops": _named(node.establishments, names.establishments)}
    return _("whose shop is %(shops)s") % facts, _("whose shop is not %(shops)s") % facts


def _near(node: tree.Near, names: Names) -> Two:
    place = f"{node.latitude}, {node.longitude}"
    if node.establishment is not None:
        place = _named([node.establishment], names.establishments)
    digits = 0 if float(node.km).is_integer() else 1
    facts = {"km": formats.number(node.km, get_language(), digits), "place": place}
    return _("within %(km)s km of %(place)s") % facts, _("not within %(km)s km of %(place)s") % facts


def _consent(node: tree.HasConsent, _names: Names) -> Two:
    facts = {
        "channel": {"sms": "SMS", "whatsapp": "WhatsApp"}.get(node.channel) or _("e-mail"),
        "purpose": pgettext("consent to", "marketing")
        if node.purpose == "marketing"
        else pgettext("consent to", "alerts"),
    }
    said = {
        "granted": (
            _("who agreed to %(purpose)s by %(channel)s"),
            _("who did not agree to %(purpose)s by %(channel)s"),
        ),
        "refused": (_("who refused %(purpose)s by %(channel)s"), _("who did not refuse %(purpose)s by %(channel)s")),
        "unknown": (
            _("who never answered about %(purpose)s by %(channel)s"),
            _("who answered about %(purpose)s by %(channel)s"),
        ),
    }
    yes, no = said[node.state]
    return yes % facts, no % facts


def _channel(node: tree.HasChannel, _names: Names) -> Two:
    if node.channel == "sms":
        return _("who have a mobile number"), _("who have no mobile number")
    return _("who have an e-mail address"), _("who have no e-mail address")


def _created(node: tree.CreatedSince, _names: Names) -> Two:
    facts = {"since": since(node.days, node.since)}
    return _("who entered the base %(since)s") % facts, _("who did not enter the base %(since)s") % facts


def _updated(node: tree.UpdatedSince, _names: Names) -> Two:
    facts = {"since": since(node.days, node.since)}
    return _("whose record changed %(since)s") % facts, _("whose record did not change %(since)s") % facts


def _import(node: tree.ImportedBy, names: Names) -> Two:
    facts = {"imports": _named(node.imports, names.imports)}
    return _("who came with the import %(imports)s") % facts, _("who did not come with the import %(imports)s") % facts


def _behaviour(node: tree.Behaved, names: Names) -> Two:
    campaign = _named([node.campaign], names.campaigns) if node.campaign else ""
    facts = {"since": since(node.days, node.since), "campaign": campaign}
    if campaign:
        said = {
            "sent": (
                _("who were sent the campaign %(campaign)s %(since)s"),
                _("who were not sent the campaign %(campaign)s %(since)s"),
            ),
            "delivered": (
                _("who received the campaign %(campaign)s %(since)s"),
                _("who did not receive the campaign %(campaign)s %(since)s"),
            ),
            "clicked": (
                _("who clicked in the campaign %(campaign)s %(since)s"),
                _("who did not click in the campaign %(campaign)s %(since)s"),
            ),
            "replied": (
                _("who replied to the campaign %(campaign)s %(since)s"),
                _("who did not reply to the campaign %(campaign)s %(since)s"),
            ),
            "silent": (
                _("who received the campaign %(campaign)s without clicking or replying %(since)s"),
                _("who clicked, replied or did not receive the campaign %(campaign)s %(since)s"),
            ),
        }
    else:
        said = {
            "sent": (_("who were sent a campaign %(since)s"), _("who were sent no campaign %(since)s")),
            "delivered": (_("who received a campaign %(since)s"), _("who received no campaign %(since)s")),
            "clicked": (_("who clicked %(since)s"), _("who did not click %(since)s")),
            "replied": (_("who replied %(since)s"), _("who did not reply %(since)s")),
            "silent": (
                _("who received a campaign without clicking or replying %(since)s"),
                _("who clicked, replied or received no campaign %(since)s"),
            ),
        }
    yes, no = said[node.what]
    return yes % facts, no % facts


def _segment(node: tree.InSegment, names: Names) -> Two:
    facts = {"segment": _named([node.segment], names.segments | names.snapshots)}
    return _("in the segment %(segment)s") % facts, _("not in the segment %(segment)s") % facts


def _snapshot(node: tree.InSnapshot, names: Names) -> Two:
    facts = {"segment": _named([node.segment], names.snapshots)}
    return _("on the frozen list %(segment)s") % facts, _("not on the frozen list %(segment)s") % facts


def since(days: int | None, day: date | None) -> str:
    """ "in the last 30 days" or "since 1 March 2026"."""
    if day is not None:
        return _("since %(day)s") % {"day": format_date(day, "d MMMM y", locale=formats.locale_of(get_language()))}
    count = days or 0
    return ngettext("in the last %(n)s day", "in the last %(n)s days", count) % {"n": count}


PHRASES: dict[type, Callable[[Any, Names], Two]] = {
    tree.IsTitle: _title,
    tree.IsLanguage: _language,
    tree.IsAged: _age,
    tree.InPostcode: _postcode,
    tree.InTown: _town,
    tree.HasAttribute: _attribute,
    tree.InBook: _book,
    tree.OfEstablishment: _establishment,
    tree.Near: _near,
    tree.HasConsent: _consent,
    tree.HasChannel: _channel,
    tree.CreatedSince: _created,
    tree.UpdatedSince: _updated,
    tree.ImportedBy: _import,
    tree.Behaved: _behaviour,
    tree.InSegment: _segment,
    tree.InSnapshot: _snapshot,
}

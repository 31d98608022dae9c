"""What Meta calls back with, read: statuses, messages of people, their wishes, news of templates.

Everything may come twice, late, in any order, and many at once. What is not known is left out, never an error; the
names and user names of people are not read at all.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, TypeVar

import msgspec

from sofy.connectors.base import Heard, Inbound, Receipt, Renamed, Rest, TemplateNews, own_key
from sofy.connectors.lenient import decoder
from sofy.connectors.whatsapp_cloud import wire
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.connectors.whatsapp_cloud.failures import REST_S, Remedy, action_for, remedy_for
from sofy.connectors.whatsapp_cloud.rendering import is_user_id, opaque_id

T = TypeVar("T")
_STATUSES: dict[str, Literal["submitted", "delivered", "read", "failed"]] = {
    "sent": "submitted",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
_FILES = ("image", "video", "audio", "document", "sticker")
#: Seconds up to here, milliseconds above: some callbacks have them.
_MILLISECONDS_FROM = 100_000_000_000
_PRINTABLE = re.compile(r"[!-~]{1,512}")
#: What a button says that was made to stop marketing, in the languages it is written in here.
_STOPS = frozenset({"stop", "stop promotions", "arrêter les promotions", "unsubscribe", "se désinscrire"})


_envelope, _entry, _change = decoder(wire.Envelope), decoder(wire.Entry), decoder(wire.Change)
_value, _status, _message = decoder(wire.Value), decoder(wire.Status), decoder(wire.Message)
_preference, _template = decoder(wire.Preference), decoder(wire.TemplateChange)
_changed = decoder(wire.UserIdChange)


def read(config: Config, body: bytes) -> Heard:
    """Everything a callback says of this number, and of the templates of its account."""
    heard = Heard(receipts=[], inbound=[], templates=[], rests=[], renamed=[])
    for change in _changes(config, body):
        if change.field in ("messages", "user_preferences", "user_id_update"):
            _of_number(config, change.value, heard)
        elif (news := _news(change)) is not None:
            heard.templates.append(news)
    return heard


def moment(timestamp: str | int | None) -> datetime | None:
    """When something was, as Meta writes it: seconds, sometimes milliseconds, mostly as text."""
    try:
        number = int(timestamp) if timestamp is not None else 0
    except ValueError:
        return None
    if not 0 < number < _MILLISECONDS_FROM * 1000:
        return None
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)


def _read(reader: Callable[[bytes | msgspec.Raw], T], data: bytes | msgspec.Raw) -> T | None:
    try:
        return reader(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: text that is not UTF-8
        return None


def _all(reader: Callable[[bytes | msgspec.Raw], T], pieces: list[msgspec.Raw]) -> Iterator[T]:
    for piece in pieces:
        if (read := _read(reader, piece)) is not None:
            yield read


def _changes(config: Config, body: bytes) -> Iterator[wire.Change]:
    envelope = _read(_envelope, body)
    if envelope is None or envelope.object != "whatsapp_business_account":
        return
    for entry in _all(_entry, envelope.entry):
        if entry.id in ("", "0", config.business_account_id):
            yield from _all(_change, entry.changes)


def _of_number(config: Config, data: msgspec.Raw, heard: Heard) -> None:
    value = _read(_value, data)
    if value is None or value.metadata.phone_number_id not in ("", config.phone_number_id):
        return  # another number of the account: its own route hears it
    recipient = config.phone_number_id
    for status in _all(_status, value.statuses):
        if (receipt := _receipt(status, value.contacts)) is not None:
            heard.receipts.append(receipt)
            remedies = {remedy_for(error.code) for error in status.errors} if receipt.status == "failed" else set()
            if Remedy.OPT_OUT in remedies:
                _add(heard, _opposition(status, recipient))
            if Remedy.REST in remedies and (names := _names(status.recipient_id, receipt.identity)):
                heard.rests.append(Rest(names=names, rest_s=REST_S))
    for message in _all(_message, value.messages):
        _add(heard, _inbound(message, value.contacts, recipient))
        if message.type == "system":
            _rename(heard, message.system, before=message)
    for changed in _all(_changed, value.user_id_update):
        _rename(heard, changed.as_system())
    for preference in _all(_preference, value.user_preferences):
        _add(heard, _wish(preference, value.contacts, recipient))


def _add(heard: Heard, inbound: Inbound | None) -> None:
    if inbound is not None:
        heard.inbound.append(inbound)


def _receipt(status: wire.Status, contacts: list[wire.Contact]) -> Receipt | None:
    word = _STATUSES.get(status.status)
    message_id = opaque_id(status.biz_opaque_callback_data)
    name = status.id if _PRINTABLE.fullmatch(status.id) else ""
    if word is None or not (name or message_id):
        return None
    code, action = "", None
    if word == "failed":
        number = status.errors[0].code if status.errors else -1
        code, action = str(number) if status.errors else "", action_for(number)
    elif status.pricing is not None:
        code = status.pricing.category
    contact = _contact(contacts, status.recipient_id, status.recipient_user_id)
    user_id = status.recipient_user_id or (contact.user_id if contact else None) or ""
    return Receipt(
        keys=(*([name] if name else []), *([own_key(message_id)] if message_id else [])),
        status=word,
        code=code,
        action=action,
        at=moment(status.timestamp),
        phones=(status.recipient_id,) if status.recipient_id and _is_number(status.recipient_id) else (),
        message_id=message_id,
        identity=user_id if is_user_id(user_id) else "",
    )


def _names(*said: str | None) -> tuple[str, ...]:
    """What is said of one person, as far as it names them: numbers in E.164, user ids as they are."""
    found = [f"+{one}" if _is_number(one) else one if is_user_id(one) else "" for one in said if one]
    return tuple(dict.fromkeys(filter(None, found)))


def _rename(heard: Heard, now: wire.System | None, before: wire.Message | None = None) -> None:
    """Somebody changed their number, and their user id with it: who they are now comes first."""
    if now is None:
        return
    old = (before.sender, before.from_user_id, before.from_parent_user_id) if before is not None else ()
    present, past = (now.user_id, now.parent_user_id), (now.previous_user_id, now.previous_parent_user_id)
    if len(names := _names(*present, now.wa_id, *past, *old)) > 1:
        heard.renamed.append(Renamed(names=names))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _identity(number: str | None, user_id: str | None, contact: wire.Contact | None) -> tuple[str, dict[str, Any]]:
    """Who it is: the number when Meta tells it, the user id else; both are told when both are known."""
    number = number or (contact.wa_id if contact else None)
    user_id = user_id or (contact.user_id if contact else None)
    parent = contact.parent_user_id if contact else None
    known = {"user_id": user_id, "parent_user_id": parent}
    detail = {name: value for name, value in known.items() if value and is_user_id(value)}
    if number and is_user_id(number):
        return number, detail
    if number and _is_number(number):
        return f"+{number}", detail
    return detail.get("user_id") or detail.get("parent_user_id") or "", detail


def _other_name(sender: str, detail: dict[str, Any]) -> str:
    """The user id of somebody who is named by the number."""
    known: str = detail.get("user_id") or detail.get("parent_user_id") or ""
    return "" if is_user_id(sender) else known


def _contact(contacts: list[wire.Contact], number: str | None, user_id: str | None) -> wire.Contact | None:
    for one in contacts:
        if (number and one.wa_id == number) or (user_id and one.user_id == user_id):
            return one
    return contacts[0] if len(contacts) == 1 and not (number or user_id) else None


def _inbound(message: wire.Message, contacts: list[wire.Contact], recipient: str) -> Inbound | None:
    contact = _contact(contacts, message.sender, message.from_user_id)
    sender, detail = _identity(message.sender, message.from_user_id, contact)
    if not sender or _PRINTABLE.fullmatch(message.id) is None or message.type == "system":
        return None
    kind, text, answers, more = _said(message)
    replied = message.context.id if message.context is not None else None
    if (referral := message.referral) is not None:
        more["referral"] = {name: value for name, value in msgspec.structs.asdict(referral).items() if value}
    return Inbound(
        sender=sender,
        recipient=recipient,
        text=text,
        supplier_id=message.id,
        answers=answers or replied or "",
        kind=kind,
        detail={**detail, **more} or None,
        opts_out=kind == "reply" and _stops(text, more.get("value", "")),
        at=moment(message.timestamp),
        identity=_other_name(sender, detail),
    )


_Kind = Literal["text", "reply", "media", "location", "reaction"]


def _said(message: wire.Message) -> tuple[_Kind, str, str, dict[str, Any]]:
    """What kind of message it is, its words, what it answers by itself, and the rest."""
    if message.text is not None:
        return "text", message.text.body, "", {}
    if message.button is not None:
        return "reply", message.button.text, "", {"value": message.button.payload}
    if message.interactive is not None:
        choice = message.interactive.button_reply or message.interactive.list_reply or wire.Choice()
        return "reply", choice.title, "", {"value": choice.id}
    if message.reaction is not None:
        return "reaction", message.reaction.emoji, message.reaction.message_id, {}
    if message.location is not None:
        return "location", "", "", {"location": _filled(message.location)}
    for name in _FILES:
        file: wire.File | None = getattr(message, name)
        if file is not None:
            return "media", file.caption, "", {"media": {"kind": name, **_filled(file, but="caption")}}
    return "text", "", "", {"type": message.type[:40]}  # it opens a conversation all the same


def _filled(value: msgspec.Struct, but: str = "") -> dict[str, Any]:
    fields = msgspec.structs.asdict(value)
    return {name: one for name, one in fields.items() if name != but and one not in (None, "")}


def _stops(*words: str) -> bool:
    return any(word.strip().casefold() in _STOPS for word in words)


def _opposition(status: wire.Status, recipient: str) -> Inbound | None:
    """131050: the person stopped marketing; the refusal of our message is how Meta tells."""
    sender, detail = _identity(status.recipient_id, status.recipient_user_id, None)
    if not sender:
        return None
    return Inbound(
        sender=sender,
        recipient=recipient,
        text="",
        supplier_id=f"131050:{opaque_id(status.biz_opaque_callback_data) or status.id}",
        answers=status.id,
        detail={**detail, "code": "131050"},
        opts_out=True,
        at=moment(status.timestamp),
        wrote=False,
        identity=_other_name(sender, detail),
    )


def _wish(preference: wire.Preference, contacts: list[wire.Contact], recipient: str) -> Inbound | None:
    """What a person wants of marketing. That they want it again is told, and lifts nothing here."""
    contact = _contact(contacts, preference.wa_id, preference.user_id)
    sender, detail = _identity(preference.wa_id, preference.user_id, contact)
    if not sender or preference.category != "marketing_messages":
        return None
    # There is no id in it. This one is the same when it comes again, and names nobody.
    name = sha256(f"{sender} {recipient} {preference.value} {preference.timestamp}".encode(errors="replace"))
    return Inbound(
        sender=sender,
        recipient=recipient,
        text="",
        supplier_id=f"preference:{name.hexdigest()[:32]}",
        detail={**detail, "preference": preference.value[:20]},
        opts_out=preference.value.casefold() == "stop",
        at=moment(preference.timestamp),
        wrote=False,
        identity=_other_name(sender, detail),
    )


def _news(change: wire.Change) -> TemplateNews | None:
    if change.field not in (
        "message_template_status_update",
        "message_template_quality_update",
        "template_category_update",
    ):
        return None  # phone_number_quality_update, account_update and the like are for a person, in Meta's own screens
    told = _read(_template, change.value)
    if told is None or _PRINTABLE.fullmatch(told.message_template_name) is None:
        return None
    return TemplateNews(
        name=told.message_template_name,
        language=told.message_template_language,
        state=told.event.upper(),
        quality=told.new_quality_score.upper(),
        reason="" if told.reason in (None, "NONE") else str(told.reason),
        category=told.new_category.upper(),
    )

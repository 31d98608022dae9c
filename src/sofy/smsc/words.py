"""What the SMPP server says when it refuses, in English and in French, and which status goes with it."""

from collections.abc import Mapping
from typing import Any, Final

from sofy.ingest.problems import Fault
from sofy.ingest.shapes import Language
from sofy.ingest.words import Words
from sofy.wire.smpp.codes import Status

#: Of what the API refuses too; anything else is RSUBMITFAIL.
_OF_FAULTS: Final[Mapping[str, Status]] = {
    "number_unreadable": Status.RINVDSTADR,
    "number_fictional": Status.RINVDSTADR,
    "number_not_mobile": Status.RINVDSTADR,
    "text_blank": Status.RINVMSGLEN,
    "text_too_long": Status.RINVMSGLEN,
    "send_at_far": Status.RINVSCHED,
    "overloaded": Status.RMSGQFUL,
    "database_away": Status.RSYSERR,
    "fault": Status.RSYSERR,
}
_DETAILS: Final[dict[str, Words]] = {
    "throttled": Words(
        "More than {per_s} messages a second on this account: send again more slowly.",
        "Plus de {per_s} messages par seconde sur ce compte : renvoyez plus lentement.",
    ),
    "esm_class": Words(
        "This esm_class is not carried: only plain messages, with or without a header of parts.",
        "Cette esm_class n’est pas prise : messages simples seulement, avec ou sans en-tête de parties.",
    ),
    "header": Words(
        "The user data header says more than which part of a long message this is: nothing else is carried.",
        "L’en-tête dit autre chose que la place d’une partie dans un long message : rien d’autre n’est pris.",
    ),
    "multi_parts": Words(
        "A long message to several numbers goes in message_payload, not in parts.",
        "Un long message à plusieurs numéros va dans message_payload, pas en parties.",
    ),
    "coding": Words(
        "Texts are read in data_coding 0, 1, 3, 6, 7, 8 and 0xF0 to 0xF3; this one is {coding}.",
        "Les textes se lisent en data_coding 0, 1, 3, 6, 7, 8 et 0xF0 à 0xF3 ; celui-ci est {coding}.",
    ),
    "halved": Words(
        "A text in data_coding 8 has two octets per character; this one has {octets} octets.",
        "Un texte en data_coding 8 a deux octets par caractère ; celui-ci a {octets} octets.",
    ),
    "short_message": Words(
        "short_message takes {most} octets at most: a longer text goes in message_payload or in parts.",
        "short_message prend {most} octets au plus : un texte plus long va dans message_payload ou en parties.",
    ),
    "payload_twice": Words(
        "A text stands in short_message or in message_payload, not in both.",
        "Un texte est dans short_message ou dans message_payload, pas dans les deux.",
    ),
    "schedule": Words(
        "schedule_delivery_time is not a time to come: YYMMDDhhmmsstnnp, or YYMMDDhhmmss000R from now.",
        "schedule_delivery_time n’est pas un moment à venir : YYMMDDhhmmsstnnp, ou YYMMDDhhmmss000R depuis maintenant.",
    ),
    "expiry": Words(
        "validity_period is not a time after the message may leave: YYMMDDhhmmsstnnp or YYMMDDhhmmss000R.",
        "validity_period ne suit pas le moment où le message peut partir : YYMMDDhhmmsstnnp ou YYMMDDhhmmss000R.",
    ),
    "replace": Words(
        "A message that was accepted is not replaced: cancel it, and send another.",
        "Un message accepté ne se remplace pas : annulez-le et envoyez-en un autre.",
    ),
    "canned": Words("There are no canned messages here.", "Il n’y a pas de messages prédéfinis ici."),
    "sender_of_account": Words(
        "“{sender}” is not one of the senders of this account: {known}.",
        "« {sender} » n’est pas un des expéditeurs de ce compte : {known}.",
    ),
    "message_unknown": Words("No message of this account has this id.", "Aucun message de ce compte n’a cet id."),
    "other_sender": Words(
        "The message with this id was not sent by “{sender}”.",
        "Le message de cet id n’a pas été envoyé par « {sender} ».",
    ),
    "other_destination": Words(
        "No message with this id goes to that number.", "Aucun message de cet id ne va à ce numéro."
    ),
    "message_left": Words("It has left, and nothing calls it back.", "Il est parti, et rien ne le rappelle."),
    "destinations": Words(
        "A submit_multi has 1 to {most} destinations.", "Un submit_multi a de 1 à {most} destinataires."
    ),
    "list": Words("There are no distribution lists here.", "Il n’y a pas de listes de diffusion ici."),
}


class Refusal(Exception):
    """Why a request is not done, as SMPP says it and in words."""

    def __init__(self, status: Status, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self._facts = facts

    @property
    def doubtful(self) -> bool:
        """Whether it may be done all the same: then no answer would be true."""
        return False

    def words(self, language: Language) -> str:
        """What is wrong and what to do."""
        return str(getattr(_DETAILS[self.code], language)).format_map(self._facts)


class Faulted(Refusal):
    """The same for what the API refuses as well."""

    def __init__(self, fault: Fault) -> None:
        usual = Status.RINVSRCADR if fault.code.startswith("sender_") else Status.RSUBMITFAIL
        super().__init__(_OF_FAULTS.get(fault.code, usual), fault.code)
        self._fault = fault

    @property
    def doubtful(self) -> bool:
        return self._fault.doubtful

    def words(self, language: Language) -> str:
        return self._fault.detail(language)

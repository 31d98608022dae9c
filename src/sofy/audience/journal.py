"""What this room writes in a client's journal, in people's words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.clients import words

ACTIONS: dict[str, str | Promise] = {
    "book.created": _("Contact book created"),
    "book.contacts_added": _("Contacts added to a book"),
    "book.contacts_taken": _("Contacts taken out of a book"),
    "contact.created": _("Contact created"),
    "contact.changed": _("Contact changed"),
    "contact.erased": _("Contact erased"),
    "contacts.import_started": _("Import started"),
    "contacts.imported": _("Import finished"),
    "contacts.import_undone": _("Import taken back"),
    "contacts.export_started": _("Export started"),
    "contacts.exported": _("Contacts exported"),
    "contacts.merged": _("Two contacts merged"),
    "contacts.unmerged": _("Merged contacts taken apart"),
    "contacts.bulk_started": _("Change of many contacts started"),
    "contacts.bulk_done": _("Change of many contacts finished"),
    "contacts.bulk_undone": _("Change of many contacts taken back"),
    "contacts.removed": _("Contacts removed"),
    "contacts.restored": _("Contacts put back"),
    "consent.recorded": _("Consent changed"),
    "consent.proof_exported": _("Proof of consent exported"),
    "consent.forgotten": _("Proofs of consent past their time removed"),
    "field.created": _("Own field created"),
    "field.renamed": _("Own field renamed"),
    "field.choices_changed": _("Values of an own field changed"),
    "field.deleted": _("Own field deleted"),
    "segment.created": _("Segment created"),
    "segment.changed": _("Segment changed"),
    "segment.frozen": _("Segment frozen"),
    "segment.removed": _("Segment removed"),
    "segment.restored": _("Segment put back"),
    "suppression.added": _("Numbers added to the suppression list"),
    "suppression.imported": _("Suppression list imported"),
    "suppression.put_back": _("Address written to again"),
    "suppression.unreachable": _("Address that does not work put on the suppression list"),
}
FACTS: dict[str, str | Promise] = {
    "book": _("book"),
    "contact": _("contact"),
    "contacts": _("contacts"),
    "segment": _("segment"),
    "field": _("own field"),
    "bulk": _("change of many contacts"),
    "verb": _("what was done"),
    "size": _("people"),
    "imported": _("new"),
    "updated": _("updated"),
    "rejected": _("refused"),
    "removed": _("removed"),
    "restored": _("put back"),
    "kept": _("kept"),
    "legal_basis": _("legal basis"),
    "fictional": _("practice numbers"),
    "proofs": _("proofs"),
    "channel": _("channel"),
    "purpose": _("purpose"),
    "state": _("answer"),
    "file": _("file"),
    "winner": _("kept contact"),
    "loser": _("merged contact"),
}
KINDS: dict[str, str | Promise] = {"segment": _("Segments"), "suppression": _("Suppression list")}


def register() -> None:
    """Called once, when the applications are ready."""
    from sofy.audience.templatetags.audience import BASES

    words.ACTIONS.update(ACTIONS)
    words.FACTS.update(FACTS)
    words.KINDS.update(KINDS)
    words.VALUES["legal_basis"] = BASES
    words.VALUES["state"] = {"granted": _("agrees"), "withdrawn": _("withdraws their consent"), "opposed": _("opposes")}
    words.VALUES["purpose"] = {"marketing": _("marketing"), "alert": _("alerts"), "opens": _("counting of openings")}
    words.VALUES["verb"] = {"add": _("added to a book"), "take": _("taken out of a book"), "remove": _("removed")}
    words.VALUES["channel"] = {"sms": "SMS", "email": _("e-mail")}

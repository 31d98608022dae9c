"""How this room's journal entries, refusals and codes are said to people."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.contracts.models import Acceptance, OnboardingStep

ACTIONS: dict[str, "str | Promise"] = {
    "contact.named": _("Contact for invoices or incidents named"),
    "entity.created": _("Legal entity added"),
    "entity.changed": _("Legal entity changed"),
    "entity.retired": _("Legal entity retired"),
    "order_form.drafted": _("Order form begun"),
    "order_form.reopened": _("Order form taken back to change it"),
    "order_form.sent": _("Order form sent"),
    "order_form.accepted": _("Order form signed"),
    "order_form.cancelled": _("Order form cancelled"),
    "document.published": _("New version of the terms published"),
    "document.accepted": _("Terms accepted"),
    "notice.recorded": _("Notice recorded"),
    "notice.delivered": _("Delivery of a notice proved"),
    "change.announced": _("Change of the product announced"),
    "insurance.recorded": _("Insurance certificate recorded"),
    "onboarding.step": _("Onboarding step"),
    "transfer.consented": _("Transfer of the contract consented to"),
    "quota.changed": _("Points of sale licensed changed"),
    "quota.increased": _("Point of sale opened beyond the order"),
    "quota.drift": _("More points of sale than ordered"),
    "quota.settled": _("Points of sale within the order again"),
}

FACTS: dict[str, "str | Promise"] = {
    "matter": _("matter"),
    "entity": _("legal entity"),
    "order_form": _("order form"),
    "version": _("version"),
    "sha256": _("fingerprint"),
    "document": _("document"),
    "how": _("how"),
    "notice": _("notice"),
    "kind": _("kind"),
    "proof": _("proof"),
    "certificate": _("certificate"),
    "change": _("change"),
    "until": _("until"),
    "step": _("step"),
    "done": _("done"),
    "licensed": _("ordered"),
    "active": _("active"),
}

VALUES: dict[str, Mapping[str, "str | Promise"]] = {
    "document": dict(Acceptance.Document.choices),
    "how": dict(Acceptance.How.choices),
    "step": dict(OnboardingStep.Step.choices),
}

#: What a field of the paper is called.
FIELDS: dict[str, "str | Promise"] = {
    "siren": _("SIREN"),
    "siret": _("SIRET"),
    "vat_id": _("VAT number"),
    "iban": _("IBAN"),
    "bic": _("BIC"),
    "creditor_id": _("SEPA creditor identifier"),
}

#: What a value of the paper is called, by the end of its path.
PATHS: dict[str, "str | Promise"] = {
    "name": _("name"),
    "street": _("street"),
    "postcode": _("postcode"),
    "town": _("town"),
    "country": _("country"),
    "email": _("e-mail"),
    "electronic_address": _("electronic address"),
    "capital_eur": _("capital"),
    "starts_on": _("first day"),
    "term_months": _("firm term (months)"),
    "renewal_months": _("renewal (months)"),
    "extra_poi": _("points of sale beyond the order"),
    "decrease": _("fewer points of sale"),
    "periods": _("periods"),
    "quantity": _("quantity"),
    "unit_price_eur": _("price"),
    "list_price_eur": _("list price"),
    "label": _("name"),
    "product": _("product"),
    "per": _("counted per"),
    "every": _("due"),
    "billed": _("billed"),
    "channel": _("channel"),
    "purpose": _("kind of message"),
    "means": _("means of payment"),
    "days": _("days to pay"),
    "discount_percent": _("discount (%)"),
    "discount_days": _("days of the discount"),
    "penalty_multiple": _("penalties (times the legal rate)"),
    "prenotification_days": _("days before a direct debit"),
    "mandate": _("SEPA mandate"),
    "below": _("availability below"),
    "credit": _("credit (%)"),
    "claim_days": _("days to claim a credit"),
    "maintenance_hours": _("hours before maintenance"),
    "revision": _("yearly revision"),
    "confirmed": _("yearly revision"),
    "base_month": _("index it begins with"),
}

REFUSALS: dict[str, "str | Promise"] = {
    "entity_unknown": _("This legal entity does not exist or is retired: choose another one."),
    "entity_retired": _("This legal entity is retired: choose another one before the order form is sent."),
    "entity_fixed": _("{number} has its number from its legal entity already: begin a new order form for another one."),
    "entity_code_taken": _("Another legal entity has the code “{entity_code}” or the series “{series}”."),
    "entity_unreadable": _("The legal entity cannot be kept: {problem}"),
    "number_wrong": _("“{number}” is no valid {field}: check its digits."),
    "client_unknown": _("This client does not exist."),
    "order_form_unknown": _("This order form does not exist or is not sent yet."),
    "order_form_closed": _("Order form {number} is signed or cancelled: it is not changed any more. Begin a new one."),
    "order_form_incomplete": _("The order form cannot be sent yet: {problem}"),
    "order_form_empty": _("The order form cannot be sent yet: nothing is ordered."),
    "order_form_changed": _("The order form was changed meanwhile: read the new version before you sign."),
    "order_form_file": _("The file is no order form: {problem}"),
    "poi_blocked": _(
        "All {licensed} points of sale you ordered are open: your order form lets no further one open. Ask us for more."
    ),
    "guides_not_read": _("Tick that you know the AF2M guides before you sign (art. 13)."),
    "reason_missing": _("Give a reason."),
    "signer_missing": _("Say who signed."),
    "signed_in_future": _("A signature is not in the future."),
    "proof_missing": _("Add the proof."),
    "proof_too_large": _("The file is larger than {megabytes} MB: scan it in black and white."),
    "document_unknown": _("This version of the document does not exist."),
    "document_changed": _("This is another version of the document: read it again."),
    "document_kind": _("Choose the general terms or the data processing agreement."),
    "document_empty": _("A document has a version, a title and a text."),
    "document_published": _("Version “{version}” is published already, and is never changed."),
    "notice_reason_missing": _(
        "Write what was said: a refusal of the terms without a reason is not accepted (art. 27)."
    ),
    "refusal_no_reason": _("Give the reason: a refusal without one is not accepted (art. 27)."),
    "refusal_not_substantial": _("This change is not substantial: it cannot be refused (art. 27)."),
    "refusal_too_late": _("This version is in force already: it could be refused during the 30 days before (art. 27)."),
    "notice_channel": _("Non-renewal comes by registered letter or to the termination mailbox (art. 8.2)."),
    "notice_in_future": _("This moment is in the future."),
    "notice_unknown": _("This notice does not exist."),
    "notice_delivered": _("The delivery of this notice is proved already."),
    "proof_kind": _("That a mail server took it proves nothing: choose what the recipient or the post confirmed."),
    "delivered_before_sent": _("A notice is not delivered before it is sent."),
    "change_unreadable": _("Say what changes, in which product, in a line and in a text."),
    "price_of_update": _("An update is included in the subscription: only a new optional module has a price (art. 6)."),
    "price_missing": _("A new optional module has a price; without one it is an update, and included (art. 6)."),
    "equivalence_missing": _("Say what keeps the main use possible once this function is gone (art. 6)."),
    "insurer_missing": _("Give the insurer and the number of the policy."),
    "no_contract": _("This client has no signed order form."),
    "step_unknown": _("This step does not exist."),
    "transfer_party_missing": _("Say to whom the contract is handed on."),
    "transfer_without_consent": _("The contract is not handed on without our written consent (art. 24)."),
}

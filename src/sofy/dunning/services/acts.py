"""Acts are kept with their words and their hash, and never changed."""

import hashlib
from typing import Any

from sofy.contracts.models import OrderForm
from sofy.dunning.models import Act
from sofy.kernel import clock
from sofy.kit import audit


def keep(form: OrderForm, *, what: str, key: str, text: str, actor: str, sha256: str = "", **fields: Any) -> Act:
    """Keep what was done; inside the staff scope. `sha256`: of the paper, else that of the words.

    Raises: django.db.IntegrityError when it was done already.
    """
    digest = sha256 or hashlib.sha256(text.encode()).hexdigest()
    fields.setdefault("at", clock.now())
    row = Act(
        client_id=form.client_id, entity_id=form.entity_id, order_form=form, what=what, key=key, text=text,
        sha256=digest, actor=actor, **fields,
    )  # fmt: skip
    row.save(using="staff", force_insert=True)
    facts = {"order_form": form.number, "act": what, "sha256": digest}
    audit.append(form.client_id, "dunning.act", actor, facts, using="staff")
    return row

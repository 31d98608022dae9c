"""Templates of a client: every save makes a version, and what programs may use is told to the engine at once."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from django.db import transaction

from sofy.engine import permissions as gate
from sofy.kernel import clock, ids
from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.kit.keys import keys_for
from sofy.messaging import template_rules as rules
from sofy.messaging.models import Template, TemplateVersion
from sofy.messaging.template_rules import Contents

MOST_TEMPLATES: Final = 1_000
MOST_VERSIONS: Final = 500


def contents_of(version: TemplateVersion) -> Contents:
    """What a version says, channel by channel."""
    return msgspec.json.decode(str(version.contents), type=Contents)


def samples_of(version: TemplateVersion) -> dict[str, str]:
    """The values it is shown with."""
    return msgspec.json.decode(str(version.samples), type=dict[str, str])


def design_of(version: TemplateVersion) -> str | None:
    """The blocks its e-mail was made of, as JSON; None when it was written otherwise."""
    return None if version.design is None else str(version.design)


def write(
    client_id: UUID,
    *,
    code: str,
    contents: Contents,
    actor: str,
    name: str = "",
    purpose: str = "",
    samples: Mapping[str, str] | None = None,
    design: str | None = None,
    restored_from: int | None = None,
) -> TemplateVersion:
    """Write what a template says: a new template, or another version of the one that has this code.

    What is not given stays as it was; a template that says the same as before stays the version it is. `design`: the
    blocks its e-mail was made of; those of the version before stay while its e-mail does.
    Raises: Refused, with what is wrong and on which channel.
    """
    with transaction.atomic():
        template = _locked(client_id, code)
        latest = None if template is None else version(template)
        if template is None:
            template = _new(client_id, code, name, purpose or "marketing", actor)
        rules.check(contents, purpose or template.purpose)
        shown = dict(samples if samples is not None else samples_of(latest) if latest else {})
        shown = {
            place: value[: rules.LONGEST_SAMPLE] for place, value in shown.items() if place in rules.places(contents)
        }
        if design is None and latest and contents_of(latest).get("email") == contents.get("email"):
            design = design_of(latest)
        named, meant = one_line(name)[:80] or template.name, purpose or template.purpose
        if latest and (
            contents_of(latest), samples_of(latest), template.name, template.purpose, design_of(latest)
        ) == (contents, shown, named, meant, design):  # fmt: skip
            return latest
        if latest and latest.number >= MOST_VERSIONS:
            raise Refused("template_versions", most=MOST_VERSIONS)
        template.name, template.purpose, template.changed_at = named, meant, clock.now()
        template.version = latest.number + 1 if latest else 1
        template.save()
        made = TemplateVersion.objects.create(
            client_id=client_id, template=template, number=template.version, restored_from=restored_from,
            contents=_json(contents), samples=_json(shown), design=design, created_by=actor,
        )  # fmt: skip
        tell_gate(template, contents)
        action = "template.saved" if latest else "template.created"
        audit.append(client_id, action, actor, {"template": template.code, "version": made.number})
    return made


def restore(client_id: UUID, template_id: UUID, number: int, *, actor: str) -> TemplateVersion:
    """Make an old version the latest one again. Raises: Refused not_found, and as `write`."""
    template = find(client_id, template_id)
    old = version(template, number)
    return write(
        client_id, code=template.code, contents=contents_of(old), samples=samples_of(old), actor=actor,
        design=design_of(old), restored_from=number,
    )  # fmt: skip


def duplicate(client_id: UUID, template_id: UUID, *, actor: str) -> Template:
    """Another template that says the same, under a code that is free. Raises: Refused not_found."""
    template = find(client_id, template_id)
    latest = version(template)
    with transaction.atomic():
        taken = set(Template.objects.filter(client_id=client_id).values_list("code", flat=True))
        stem = template.code[: rules.LONGEST_CODE - 5]
        code = next(f"{stem}_{n}" for n in range(2, MOST_TEMPLATES + 3) if f"{stem}_{n}" not in taken)
        made = write(
            client_id, code=code, contents=contents_of(latest), samples=samples_of(latest), name=template.name,
            purpose=template.purpose, actor=actor, design=design_of(latest),
        )  # fmt: skip
    return made.template


def archive(client_id: UUID, template_id: UUID, *, actor: str) -> None:
    """Let nobody use a template any more; messages that were accepted leave. Raises: Refused not_found."""
    with transaction.atomic():
        template = find(client_id, template_id, lock=True)
        if template.archived_at is None:
            template.archived_at = clock.now()
            template.save(update_fields=["archived_at"])
            tell_gate(template, {})
            audit.append(client_id, "template.archived", actor, {"template": template.code})


def unarchive(client_id: UUID, template_id: UUID, *, actor: str) -> None:
    """Let a template be used again. Raises: Refused not_found."""
    with transaction.atomic():
        template = find(client_id, template_id, lock=True)
        if template.archived_at is not None:
            template.archived_at = None
            template.save(update_fields=["archived_at"])
            tell_gate(template, contents_of(version(template)))
            audit.append(client_id, "template.unarchived", actor, {"template": template.code})


def find(client_id: UUID, template_id: UUID, *, lock: bool = False) -> Template:
    """One template of a client. Raises: Refused not_found."""
    rows = Template.objects.filter(client_id=client_id, id=template_id)
    found = (rows.select_for_update(no_key=True, of=("self",)) if lock else rows).first()
    if found is None:
        raise Refused("not_found", 404)
    return found


def by_code(client_id: UUID, code: str) -> Template:
    """The template a program or a person names. Raises: Refused template_unknown."""
    found = Template.objects.filter(client_id=client_id, code=code).first()
    if found is None:
        raise Refused("template_unknown", 404, template=code[: rules.LONGEST_CODE])
    return found


def version(template: Template, number: int | None = None) -> TemplateVersion:
    """One version of a template, the latest one unless said otherwise. Raises: Refused not_found."""
    wanted = template.version if number is None else number
    rows = TemplateVersion.objects.filter(client_id=template.client_id, template=template, number=wanted)
    found = rows.select_related("template").first()
    if found is None:
        raise Refused("not_found", 404)
    return found


def tell_gate(template: Template, contents: Contents) -> None:
    """What programs may use of a template, as the engine keeps it: everything but what WhatsApp must approve first."""
    conn, client_id = engine_connection(), template.client_id
    ready = {} if template.archived_at else {name: each for name, each in contents.items() if name != "whatsapp"}
    kept = [*ready, "whatsapp"] if "whatsapp" in contents and not template.archived_at else list(ready)
    gate.drop_templates(conn, client_id, template.code, kept=kept)
    for channel, content in ready.items():
        write_gate(template, channel, content, number=template.version, state="ready")


def write_gate(template: Template, channel: str, content: Content, *, number: int, state: str) -> None:
    """Tell the engine about one channel of a template."""
    row_id = ids.uuid7()
    sealed = keys_for(template.client_id).seal(
        "gate_template", "content", row_id, msgspec.json.encode(content).decode()
    )
    gate.write_template(
        engine_connection(), template.client_id, row_id, code=template.code, channel=channel,
        purpose=template.purpose, version=number, state=state, content=sealed,
    )  # fmt: skip


def _locked(client_id: UUID, code: str) -> Template | None:
    rows = Template.objects.filter(client_id=client_id, code=code)
    found = rows.select_for_update(no_key=True, of=("self",)).first()
    if found is not None and found.archived_at is not None:
        raise Refused("template_archived", 409, template=code)
    return found


def _new(client_id: UUID, code: str, name: str, purpose: str, actor: str) -> Template:
    rules.check_code(code)
    if Template.objects.filter(client_id=client_id).count() >= MOST_TEMPLATES:
        raise Refused("templates_too_many", most=MOST_TEMPLATES)
    return Template(client_id=client_id, code=code, name=one_line(name)[:80] or code, purpose=purpose, created_by=actor)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

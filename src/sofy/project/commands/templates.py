"""`sofy template`: messages that are written once and filled for each person."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sofy.kernel.content import Content
from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.messaging.models import Template, TemplateVersion


def add(commands: Commands) -> None:
    actions = group(commands, "template", "Templates: messages that are filled for each person.")
    made = leaf(actions, "add", "Write what a template says on a channel; each change is a version.", add_template)
    made.add_argument("--client", required=True)
    made.add_argument("--code", required=True, help="what programs call it: small letters, digits and _")
    made.add_argument("--channel", default="sms", help="sms, rcs, whatsapp or email")
    made.add_argument("--text", help="the words, with places as in {{first_name}}")
    made.add_argument("--text-file", type=Path)
    made.add_argument("--subject", default="", help="of an e-mail")
    made.add_argument("--html-file", type=Path, help="the page of an e-mail")
    made.add_argument("--content-file", type=Path, help="the whole content as JSON, for cards, pictures and buttons")
    made.add_argument("--purpose", default="", choices=("", "marketing", "alert"), help="marketing when it is new")
    made.add_argument("--name", default="", help="what people call it")
    made.add_argument("--sample", action="append", default=[], metavar="NAME=VALUE", help="a value to show it with")
    listed = leaf(actions, "list", "The templates of a client.", list_templates)
    listed.add_argument("--client", required=True)
    shown = leaf(actions, "show", "What a template says.", show_template)
    shown.add_argument("--client", required=True)
    shown.add_argument("code")
    shown.add_argument("--version", type=int, help="an older one")


def add_template(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.models import Template
    from sofy.messaging.services import templates

    client, content = find_client(arguments.client), _content(arguments)
    with client_scope(client.pk):
        known = Template.objects.filter(client_id=client.pk, code=arguments.code).first()
        before = templates.contents_of(templates.version(known)) if known else {}
        samples = (templates.samples_of(templates.version(known)) if known else {}) | _samples(arguments.sample)
        version = templates.write(
            client.pk, code=arguments.code, contents=before | {arguments.channel: content}, actor=ACTOR,
            name=arguments.name, purpose=arguments.purpose, samples=samples,
        )  # fmt: skip
    data = _facts(version.template) | {"new": known is None, "channel": arguments.channel}
    return Answer(f"{arguments.code}: version {version.number} ({version.template_id})", data)


def list_templates(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.models import Template

    client = find_client(arguments.client)
    with client_scope(client.pk):
        rows = [_facts(each) for each in Template.objects.filter(client_id=client.pk)]
    lines = [f"{row['code']}  {row['purpose']}  version {row['version']}" for row in rows]
    return Answer("\n".join(lines) or "No template yet: sofy template add", {"templates": rows})


def show_template(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.kit.rls import client_scope
    from sofy.messaging.services import templates

    client = find_client(arguments.client)
    with client_scope(client.pk):
        found = templates.by_code(client.pk, arguments.code)
        version = templates.version(found, arguments.version)
        data = _facts(found) | _said(version)
    texts = [f"{channel}: {content.get('text', '')}" for channel, content in data["contents"].items()]
    return Answer(f"{found.code}, version {version.number}\n" + "\n".join(texts), data)


def _content(arguments: argparse.Namespace) -> Content:
    """Raises: Refused template_content, text_missing, and what `read_text` raises."""
    if arguments.content_file:
        try:
            return msgspec.json.decode(read_text(arguments.content_file), type=Content)
        except msgspec.MsgspecError as error:
            raise Refused("template_content", problem=str(error)) from None
    text = read_text(arguments.text_file) if arguments.text_file else arguments.text
    if text is None:
        raise Refused("text_missing", expected="--text, --text-file or --content-file")
    html = read_text(arguments.html_file) if arguments.html_file else ""
    return Content(text=text, subject=arguments.subject, html=html)


def _samples(given: list[str]) -> dict[str, str]:
    return dict(each.split("=", 1) for each in given if "=" in each)


def _facts(template: "Template") -> dict[str, Any]:
    return {
        "id": template.pk, "code": template.code, "name": template.name, "purpose": template.purpose,
        "version": template.version, "archived": template.archived_at is not None,
    }  # fmt: skip


def _said(version: "TemplateVersion") -> dict[str, Any]:
    from sofy.messaging import template_rules
    from sofy.messaging.services import templates

    contents = templates.contents_of(version)
    return {
        "version": version.number,
        "contents": msgspec.to_builtins(contents),
        "places": template_rules.places(contents),
        "samples": templates.samples_of(version),
    }

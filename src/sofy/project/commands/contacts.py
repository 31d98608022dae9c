"""`sofy contacts import`, `sofy segment create` and `sofy segment count`."""

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text
from sofy.project.commands.clients import ACTOR, find_client

if TYPE_CHECKING:
    from sofy.audience.segments.tree import All

TREE = "the JSON form of one, or a file that holds it; - reads standard input"


def add(commands: Commands) -> None:
    contacts = group(commands, "contacts", "Contact books.")
    made = leaf(contacts, "import", "Bring a CSV, XLSX or ODS file into a book.", import_file)
    made.add_argument("file", type=Path)
    made.add_argument("--client", required=True)
    made.add_argument("--book", default="Contacts", help="name or id of the book; made when no book has the name")
    made.add_argument("--dry-run", action="store_true", help="only say what would happen")
    made.add_argument(
        "--legal-basis", default="", help="consent, customer or contract; without one nobody may be written to"
    )
    made.add_argument("--source", default="", help="where these people agreed: a till, a form, a fair")
    made.add_argument(
        "--also", action="append", default=[], choices=["whatsapp", "opens"],
        help="what all of them agreed to apart from SMS and e-mail: WhatsApp, or that their openings of e-mails are"
        " counted one by one",
    )  # fmt: skip
    made.add_argument(
        "--password-file", type=Path, help="a file that holds the password of a protected sheet; - is standard input"
    )

    segments = group(commands, "segment", "Segments.")
    saved = leaf(segments, "create", "Save a segment; the same name and rules twice are the same one.", create_segment)
    saved.add_argument("name")
    saved.add_argument("--client", required=True)
    saved.add_argument("--tree", required=True, help=TREE)
    count = leaf(segments, "count", "How many people a segment holds.", count_segment)
    count.add_argument("--client", required=True)
    wanted = count.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--segment", type=UUID, help="a saved segment")
    wanted.add_argument("--tree", help=TREE)


def read_tree(given: str) -> "All":
    """The rules of a segment: JSON as it stands, or a file of it. Raises: Refused."""
    from sofy.audience.segments import tree

    return tree.loads(given if given.lstrip()[:1] in ("{", "[") else read_text(Path(given)))


def book_of(reference: str) -> dict[str, Any]:
    """A book as `imports.import_file` takes it: by its id, or by its name."""
    try:
        return {"book_id": UUID(reference)}
    except ValueError:
        return {"book_name": reference}


def import_file(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.audience.services import imports

    client = find_client(arguments.client)
    if not arguments.file.is_file():
        raise Refused("file_missing", 404, file=str(arguments.file))
    result = imports.import_file(
        client_id=client.pk,
        **book_of(arguments.book),
        path=arguments.file,
        legal_basis=arguments.legal_basis,
        source=arguments.source,
        also=arguments.also,
        password=read_text(arguments.password_file).rstrip("\r\n") if arguments.password_file else "",
        actor=ACTOR,
        dry_run=arguments.dry_run,
        progress=None if arguments.json else Said(),
    )
    data = dataclasses.asdict(result) | {"dry_run": arguments.dry_run}
    reasons = "".join(f"\n  {count:>8}  {reason}" for reason, count in sorted(result.warnings.items()))
    verb = "would be" if arguments.dry_run else "were"
    text = f"{result.imported} contacts {verb} new, {result.updated} updated, {result.rejected} rows rejected.{reasons}"
    return Answer(text, data)


class Said:
    """Prints how far an import is, at most once a second."""

    def __init__(self, stream: Any = None, words: str = "{done} of {total} rows") -> None:
        self.stream = stream or sys.stderr
        self.words = words
        self.at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.at >= 1:
            self.at = now
            print(self.words.format(done=done, total=total), file=self.stream, flush=True)


def create_segment(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.audience.segments import services, tree
    from sofy.audience.segments.models import Segment
    from sofy.kit.rls import client_scope

    client = find_client(arguments.client)
    root, name = read_tree(arguments.tree), arguments.name.strip()
    with client_scope(client.pk):
        known = Segment.objects.filter(client_id=client.pk, name=name, deleted_at=None).first()
        if known is not None and (known.is_snapshot or known.tree != tree.to_builtins(root)):
            raise Refused("segment_name_taken", 409, segment=name)
        segment = known or services.save(client_id=client.pk, name=name, root=root, actor=ACTOR)
    before = "" if known is None else " exists already"
    data = {"id": segment.id, "name": segment.name, "size": segment.size, "new": known is None}
    return Answer(f"{segment.name}{before}: {segment.size} contacts ({segment.id})", data)


def count_segment(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.audience.segments import counts, services
    from sofy.audience.segments.reach import reach_counts
    from sofy.kit.rls import client_scope

    client = find_client(arguments.client)
    with client_scope(client.pk):
        if arguments.segment:
            segment = services.get(client.pk, arguments.segment)
            size = counts.count(client.pk, services.root_of(segment))
            reach = reach_counts(client.pk, [segment.id], [])
            return Answer(f"{segment.name}: {size} contacts {reach}", {"size": size, "reach": reach})
        size = counts.count(client.pk, read_tree(arguments.tree))
    return Answer(f"{size} contacts", {"size": size})

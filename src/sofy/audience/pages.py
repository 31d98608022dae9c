"""What this room hangs in the frame of all pages: entries of the rail, sentences, a search."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sofy.audience import journal
from sofy.audience.wording import SENTENCES
from sofy.ui import commands, nav, panels, problems


def register() -> None:
    """Called once, when the applications are ready."""
    problems.register(SENTENCES)
    journal.register()
    group = "SoReach"
    nav.register(
        nav.Entry("client", group, _("Contacts"), "audience:contacts", "users", 210, "contact.view", key="p"),
        nav.Entry("client", group, _("Segments"), "audience:segments", "filter", 220, "segment.view", key="s"),
        nav.Entry("client", group, _("Imports"), "audience:imports", "file-import", 230, "contact.import"),
        nav.Entry("client", group, _("Suppression list"), "audience:suppressions", "ban", 240, "contact.view"),
    )
    commands.register(find_contact, "contact.view")
    panels.register(panels.Panel("home.start", "audience/panel_start.html", start_panel, 10, "contact.import"))


def start_panel(request: HttpRequest) -> dict[str, object] | None:
    """The first thing to do, for the home page of a client that has no contact."""
    from sofy.audience.models import Contact

    client = getattr(request, "client", None)
    if client is None or Contact.objects.filter(client_id=client.pk).exists():
        return None
    return {"request": request}


def find_contact(request: HttpRequest, text: str) -> Iterable[commands.Hit]:
    """The contact with this phone number or e-mail address."""
    from sofy.audience import queries
    from sofy.audience.templatetags.audience import person

    client = getattr(request, "client", None)
    if client is not None and (found := queries.find_by_identity(client, text)) is not None:
        url = reverse("audience:contact", args=[client.slug, found.id])
        yield commands.Hit(person(found), url, "user", found.town)

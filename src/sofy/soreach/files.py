"""A report as a file that stands alone: HTML with its figures inside, and PDF."""

import json
from datetime import UTC
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import typst
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.soreach import channel_tables, figures, report, words
from sofy.soreach.models import Campaign
from sofy.soreach.report import Report
from sofy.ui import formats


def write_report(campaign: Campaign, folder: Path, *, language: str = "fr") -> tuple[Path, Path]:
    """Write the report of a campaign as HTML and PDF into a folder, inside the client's scope; answers both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with override(language):
        built = report.build(campaign)
        html, pdf = folder / "rapport-campagne.html", folder / "rapport-campagne.pdf"
        html.write_text(to_html(campaign, built), encoding="utf-8")
        pdf.write_bytes(to_pdf(campaign, built))
    return html, pdf


def document(campaign: Campaign, built: Report) -> dict[str, Any]:
    """Everything both files say, in the reader's language."""
    client = Client.objects.get(pk=campaign.client_id)
    language = get_language()
    now = clock.now().astimezone(clock.PARIS)
    launched = campaign.launched_at.astimezone(clock.PARIS) if campaign.launched_at else None
    variants = len(built.variants) > 1
    return {
        "language": language,
        "client": client.name,
        "name": campaign.name,
        "sentence": words.sentence(built),
        "launched": formats.moment(launched, language, now.date()) if launched else "",
        "made": formats.moment(now, language, now.date()),
        "sender": campaign.sender,
        "key_figures": [[label, value] for label, value, _code in figures.key_figures(built)],
        "opens_note": words.opens_text(built.opens) if built.opens else "",
        "cost": formats.euros(built.cost_eur, language),
        "parts": words.number(built.parts),
        "figures": [
            {
                "title": f.title,
                "summary": f.summary,
                "drawing": f.drawing,
                "columns": list(f.columns),
                "rows": _texts(f.rows),
            }
            for f in figures.figures(campaign, built)
        ],
        "contents": [
            [f"{label} · {channel}" if channel else label, text]
            for label, channel, text in channel_tables.contents(campaign)
        ],
        "channels": [
            {"title": made.title, "summary": made.summary, "columns": list(made.columns), "rows": made.plain}
            for made in channel_tables.tables(built)
        ],
        "variants": _texts(figures.variant_rows(built)) if variants else [],
        "verdict": words.verdict_text(built.verdict, by_replies=campaign.winner_by == "replies") if variants else "",
        "links": _texts(built.links),
        "words": _words(built),
    }


def _words(built: Report) -> dict[str, str]:
    return {
        "report": _("Campaign report"),
        "launched": _("Launched"),
        "made": _("Report made"),
        "sender": _("Sender"),
        "cost": _("Cost before VAT"),
        "parts": _("SMS parts"),
        "contents": _("What was sent"),
        "variants": _("Variants"),
        "variant_columns": "|".join(figures.variant_columns(built)),
        "links": _("Links"),
        "link_columns": "|".join([_("Address"), _("People who clicked"), _("Visits by machines")]),
        "page": _("page"),
        "key_figures": _("Key figures"),
        "clicks_note": _(
            "Clicks are counted per person; visits of link previews, scanners and robots are"
            " told apart and do not count."
        ),
    }


def _texts(rows: Any) -> list[list[str]]:
    return [[words.number(cell) if isinstance(cell, int) else str(cell) for cell in row] for row in rows]


def to_html(campaign: Campaign, built: Report) -> str:
    """One file without any address to the outside."""
    made = document(campaign, built)
    for figure in made["figures"]:
        figure["drawing"] = mark_safe(figure["drawing"])  # noqa: S308  its texts are escaped by kernel.svg
    lists = {name: made["words"][name].split("|") for name in ("variant_columns", "link_columns")}
    style = mark_safe(f"<style>{_own('report_file.css').decode()}</style>")  # noqa: S308  a file of this room
    return render_to_string("soreach/report_file.html", {"r": made, "w": made["words"] | lists, "style": style})


@cache
def _own(name: str) -> bytes:
    return (Path(str(package_files("sofy.soreach"))) / name).read_bytes()


def to_pdf(campaign: Campaign, built: Report) -> bytes:
    """An A4 document, tagged for screen readers; charts are vector drawings."""
    made = document(campaign, built)
    return bytes(
        typst.compile(
            _own("report.typ"),
            sys_inputs={"report": json.dumps(made)},
            format="pdf",
            timestamp=int(clock.now().astimezone(UTC).timestamp()),
        )
    )

"""What the catalogue shows: made-up figures for every component."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sofy.kernel import clock
from sofy.ui import statuses
from sofy.ui.icons import NAMES


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=gettext_lazy("Name"), help_text=gettext_lazy("As your customers know it."))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[("a", gettext_lazy("Shop")), ("b", gettext_lazy("Chain"))]
    )
    about = forms.CharField(label=gettext_lazy("About"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    agree = forms.BooleanField(label=gettext_lazy("I have read the rules of article 14.1"))
    pace = forms.ChoiceField(
        label=gettext_lazy("When"),
        widget=forms.RadioSelect,
        choices=[("now", gettext_lazy("Now")), ("later", gettext_lazy("Later"))],
    )


def charts() -> list[dict[str, Any]]:
    """One chart of each kind, with its table."""
    steps = [_("Accepted"), _("Handed over"), _("Delivered"), _("Clicks")]
    values = [3640, 3598, 3412, 211]
    tones = ["grey", "blue", "green", "orange"]
    hours = [f"{h}:00" for h in range(8, 20)]
    sent = [0, 120, 640, 820, 700, 410, 300, 260, 160, 120, 60, 8]
    seen = [0, 90, 560, 800, 720, 400, 280, 250, 140, 110, 55, 7]
    days = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri")]
    heat = [[h, d, (h * 7 + d * 5) % 17] for h in range(12) for d in range(5)]
    return [
        {
            "id": "chart-funnel",
            "title": _("From launch to click"),
            "summary": _("3,412 of 3,640 people received it."),
            "columns": [_("Step"), _("People")],
            "rows": list(zip(steps, values, strict=True)),
            "spec": {
                "kind": "funnel",
                "labels": steps,
                "series": [{"name": _("People"), "values": values, "tones": tones}],
            },
        },
        {
            "id": "chart-line",
            "title": _("Delivery over time"),
            "summary": _("The peak was at 11:00."),
            "columns": [_("Hour"), _("Handed over"), _("Delivered")],
            "rows": list(zip(hours, sent, seen, strict=True)),
            "spec": {
                "kind": "area",
                "labels": hours,
                "series": [{"name": _("Handed over"), "values": sent}, {"name": _("Delivered"), "values": seen}],
            },
        },
        {
            "id": "chart-donut",
            "title": _("By outcome"),
            "summary": "",
            "columns": [_("Outcome"), _("People")],
            "rows": list(zip(steps, values, strict=True)),
            "spec": {
                "kind": "donut",
                "labels": steps,
                "series": [{"name": _("People"), "values": values, "tones": tones}],
            },
        },
        {
            "id": "chart-heat",
            "title": _("Clicks by hour"),
            "summary": "",
            "columns": [_("Day"), *hours],
            "rows": [[day, *[v[2] for v in heat if v[1] == i]] for i, day in enumerate(days)],
            "spec": {"kind": "heat", "labels": hours, "rows": days, "series": [{"name": _("Clicks"), "values": heat}]},
        },
    ]


def context(request: HttpRequest) -> dict[str, Any]:
    """Everything the page of the catalogue needs."""
    now = clock.now()
    filled = SampleForm({"name": "", "kind": "a", "email": "sans-arobase", "pace": "now"})
    return {
        "empty_form": SampleForm(prefix="blank"),
        "filled_form": filled,
        "codes": list(statuses.LOOKS),
        "tones": ["secondary", "azure", "green", "yellow", "orange", "red"],
        "icons": NAMES,
        "charts": charts(),
        "page": Paginator(range(95), 10).page(3),
        "moments": [now, now - timedelta(days=1), now - timedelta(days=400)],
        "figures": [Decimal("12345.67"), Decimal("0.0429"), Decimal(0)],
        "columns": [_("Point of sale"), _("Delivered"), _("Clicks")],
        "rows": [["Lyon Part-Dieu", 1240, 82], ["Bordeaux Lac", 930, 61], ["Saint-Denis de La Réunion", 412, 40]],
        "spark": [4, 6, 5, 9, 12, 8, 14],
    }

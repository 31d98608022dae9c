"""Tags and filters of the design system: `{% load ui %}`."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select, Textarea
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from sofy.kernel import clock
from sofy.ui import formats, layout, panels, statuses
from sofy.ui.icons import NAMES

register = template.Library()
_KNOWN = frozenset(NAMES)


@register.simple_tag(takes_context=True)
def frame(context: template.Context) -> str:
    """Put what the layout needs (area, rail, theme, languages) into the context; the base template calls it first."""
    request = context.get("request")
    if request is not None:
        context.update(layout.page(request))
    return ""


@register.simple_tag(takes_context=True)
def banners(context: template.Context) -> SafeString:
    """What higher rooms say above every page of somebody, in the slot `banner`."""
    request = context.get("request")
    return SafeString("".join(panels.render(request, "banner"))) if request is not None else SafeString("")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers unless it has a label of its own."""
    if name not in _KNOWN:
        raise template.TemplateSyntaxError(f"No icon “{name}”: add it to sofy/ui/icons.py and run tools/frontend.py.")
    address = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, address)
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"/></svg>', address)


@register.filter
def walltime(value: datetime | None, precision: str = "") -> SafeString | str:
    """A moment on the wall clock of the reader's zone, to the minute or to "seconds"; the instant shows on hover."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    language = get_language()
    today = timezone.localtime(clock.now()).date()
    shown = formats.moment(local, language, today, seconds=precision == "seconds")
    exact = formats.exact(local, language)
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, shown)


@register.filter
def walldate(value: date | None) -> SafeString | str:
    """A day as people say it."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    today = timezone.localtime(clock.now()).date()
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value, get_language(), today))


@register.filter
def number(value: int | float | Decimal | None, digits: int = 0) -> str:
    """A number with the spacing of the reader's language."""
    return "–" if value is None or value == "" else formats.number(value, get_language(), digits)


@register.filter
def cell(value: object) -> object:
    """A number in a table with the spacing of the reader's language; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    digits = 0 if value == int(value) else 2
    return formats.number(value, get_language(), digits)


@register.filter
def euros(value: Decimal | None, digits: int = 2) -> str:
    """An amount in euros; give 4 digits to a unit price."""
    return "–" if value is None or value == "" else formats.euros(value, get_language(), digits)


@register.filter
def percent(value: float | Decimal | None) -> str:
    """A ratio (0 to 1) as a percentage with one decimal."""
    return "–" if value is None or value == "" else formats.percent(value, get_language())


@register.filter
def country(code: str) -> str:
    """A country by its name, with the code it was given as."""
    return formats.country(code, get_language())


@register.filter
def share(part: float | Decimal | None, whole: float | Decimal | None) -> str:
    """Part of a whole as a percentage; a dash when there is no whole."""
    if part is None or not whole:
        return "–"
    return formats.percent(float(part) / float(whole), get_language())


@register.inclusion_tag("ui/status.html")
def status(code: str, word: str = "", channel: str = "") -> dict[str, Any]:
    """The state of something, always as colour, icon and word; in French the word may depend on the thing.

    `channel`: of a message; who has it is called differently on each.
    """
    look = statuses.look(code, channel)
    return {"tone": look.tone, "icon_name": look.icon, "text": word or look.label}


@register.filter
def can(client: Any, permission: str) -> bool:
    """Whether the person of this page holds a permission: `{% if request.client|can:"campaign.launch" %}`."""
    return bool(client and client.can(permission))


CSS = {
    CheckboxInput: "form-check-input",
    CheckboxSelectMultiple: "",
    RadioSelect: "",
    Select: "form-select",
    Textarea: "form-control",
    FileInput: "form-control",
}


@register.simple_tag
def widget(field: BoundField) -> SafeString:
    """The control of a form field with the classes of the kit and its state for screen readers."""
    kind = field.field.widget
    css = next((css for cls, css in CSS.items() if isinstance(kind, cls)), "form-control")
    if isinstance(kind, CheckboxSelectMultiple | RadioSelect):
        return field.as_widget()
    classes = [css, *str(kind.attrs.get("class", "")).split()]
    if field.errors:
        classes.append("is-invalid")
    return field.as_widget(attrs={"class": " ".join(classes)})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the label stands after the control."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_group(field: BoundField) -> bool:
    """Whether the field is several controls, which a legend names."""
    return isinstance(field.field.widget, CheckboxSelectMultiple | RadioSelect)


@register.inclusion_tag("ui/sparkline.html")
def sparkline(values: Sequence[float], label: str = "") -> dict[str, Any]:
    """A line of the last values, without axes; the figure beside it says the number."""
    points = [float(value) for value in values] or [0.0]
    top, bottom = max(points), min(points)
    span = (top - bottom) or 1.0
    step = 100 / max(len(points) - 1, 1)
    path = " ".join(f"{i * step:.1f},{22 - (p - bottom) / span * 20:.1f}" for i, p in enumerate(points))
    return {"points": path, "label": label}

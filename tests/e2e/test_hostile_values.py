"""What nobody types, at every address of the product: each gets an answer, and no answer is a failure of ours.

The addresses come from the resolver, the names of parameters from the source of the app that answers there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django import forms
from django.db import transaction
from django.urls import resolve

import sofy
from tests.e2e.test_hostile_client import ARGUMENT, browser_of, filled, owner_of, patterns, victim  # noqa: F401

PACKAGE = Path(sofy.__file__).parent
READ = re.compile(r"(?:GET|data|query)\.get(?:list)?\(\s*[\"'](\w+)[\"']")
POSTED = re.compile(r"(?:POST|data)\.get(?:list)?\(\s*[\"'](\w+)[\"']")
GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")
HUGE = "9" * 40
ENDLESS = "9" * 5000  # more digits than Python makes a number of
NO_DIGIT = "²"  # which str.isdigit takes for one
ODD = ("-1", "0001-01-01", HUGE, ENDLESS, NO_DIGIT)
NUL = "a\0b"


@cache
def parameters(place: Path, read: re.Pattern[str] = READ) -> list[str]:
    """Every name that a module, or all modules of a folder, read from an address or a form."""
    files = place.rglob("*.py") if place.is_dir() else [place]
    return sorted({name for file in files for name in read.findall(file.read_text())})


def places(path: str) -> tuple[Path, Path]:
    """The module and the app of the view that answers at an address."""
    module = resolve(path).func.__module__.split(".")[1:]
    return PACKAGE.joinpath(*module).with_suffix(".py"), PACKAGE / module[0]


def public() -> list[str]:
    """The addresses of nobody in particular, with something in the place of each argument."""
    routes = [route for route in patterns() if not route.startswith("c/<slug")]
    return ["/" + re.sub(r"[$^\\]", "", ARGUMENT.sub("7", GROUP.sub("7", route))) for route in routes]


def test_nul_is_refused_wherever_it_stands(victim: Any) -> None:  # noqa: F811
    client, arguments = victim
    browser = browser_of(owner_of(client))
    paths = public() + [address.path for address in filled(arguments)]

    for path in paths:
        assert browser.get(path + "%00").status_code == 400, path
        assert browser.get(path, {"any": NUL}).status_code == 400, path
        assert browser.get(path, {NUL: "any"}).status_code == 400, path
    for path in filter(resolves, paths):
        assert browser.post(path, {"any": NUL}).status_code == 400, path
    said = browser.get("/l/%00", headers={"accept-language": "fr"})
    assert "Cette demande est illisible" in said.text
    forged = {"cookie": 'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"'}
    assert browser.get("/", headers=forged).status_code == 400


def resolves(path: str) -> bool:
    try:
        return bool(resolve(path))
    except Exception:
        return False


def test_odd_values_break_no_address(victim: Any) -> None:  # noqa: F811
    client, arguments = victim
    browser = browser_of(owner_of(client))
    browser.raise_request_exception = False

    broken = []
    for address in filled(arguments):
        module, app = places(address.path)
        asked = [dict.fromkeys(parameters(app), value) for value in ODD]
        asked += [{name: HUGE} for name in parameters(module)]
        for query in asked:
            answer = browser.get(address.path, query)
            answer.close()
            if answer.status_code >= 500:
                broken.append((address.pattern, query))
            if answer.status_code == 405:
                break

    assert not broken


def test_odd_values_in_a_form_break_no_address(victim: Any) -> None:  # noqa: F811
    client, arguments = victim
    browser = browser_of(owner_of(client))
    browser.raise_request_exception = False

    broken = []
    for address in filled(arguments):
        module, _app = places(address.path)
        for value in (ENDLESS, NO_DIGIT):
            data = dict.fromkeys(parameters(module, POSTED), value) | {"do": f"remove_{value}"}
            with transaction.atomic():
                answer = browser.post(address.path, data)
                answer.close()
                transaction.set_rollback(True)  # what a page of a form changes is there for the next one
            if answer.status_code >= 500:
                broken.append((address.pattern, value[:5]))

    assert not broken


def test_every_number_and_date_of_every_form_has_bounds() -> None:
    list(patterns())  # the views, and with them their forms, are loaded
    unbound = [
        f"{form.__module__}.{form.__name__}.{name}"
        for form in descendants(forms.BaseForm)
        if form.__module__.startswith("sofy.")
        for name, field in form.base_fields.items()
        if not is_bounded(field)
    ]

    assert set(unbound) == BOUNDED_IN_THE_FORM


#: Numbers and moments whose bounds depend on the day or on the row; the tests of their rooms try them.
BOUNDED_IN_THE_FORM = {
    "sofy.billing.forms.ChargeForm.at",
    "sofy.billing.forms.DamageForm.at",
    "sofy.billing.forms.FineForm.at",
    "sofy.billing.forms.IncidentForm.at",
    "sofy.billing.forms.IncidentForm.until",
    "sofy.billing.forms.IndemnityForm.at",
    "sofy.billing.forms.MaintenanceForm.at",
    "sofy.billing.forms.MaintenanceForm.ends_at",
    "sofy.billing.forms.MaintenanceForm.starts_at",
    "sofy.billing.forms.PoiActivatedForm.at",
    "sofy.billing.forms.PoiDecreaseForm.at",
    "sofy.billing.forms.SolicitationForm.at",
    "sofy.billing.forms.TerminatedForm.at",
    "sofy.billing.forms._Sites.at",
    "sofy.dunning.forms.PromiseForm.amount_eur",
    "sofy.dunning.forms.ProofForm.delivered_at",
    "sofy.clients.forms.EstablishmentForm.latitude",
    "sofy.clients.forms.EstablishmentForm.longitude",
    "sofy.clients.forms.SettingsForm.cap_days",
    "sofy.clients.forms.SettingsForm.cap_messages",
    "sofy.clients.forms.SettingsForm.budget_eur",
    "sofy.contracts.forms.DeliveryForm.delivered_at",
    "sofy.contracts.forms.NoticeForm.sent_at",
    "sofy.messaging.service_forms.RecordForm.announced_at",
    "sofy.messaging.service_forms.RecordForm.begins_at",
    "sofy.messaging.service_forms.RecordForm.ends_at",
    "sofy.soreach.forms.ScheduleForm.starts_at",
}


def is_bounded(field: Any) -> bool:
    """Days are stored as days, which hold every day a form can read; a moment at the edge of time is not one."""
    if isinstance(field, forms.IntegerField):
        return field.min_value is not None and field.max_value is not None
    return not isinstance(field, forms.DateTimeField)


def descendants(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)

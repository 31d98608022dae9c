"""Addresses of invoices: of staff below `op/`, of a client below its workspace."""

from django.urls import include, path

from sofy.billing.views import client, fewer, happened, of_client, service_level, staff, usage

app_name = "billing"
of_staff = [
    path("", staff.all_runs, name="runs"),
    path("preview", staff.preview, name="preview"),
    path("incidents", service_level.incidents, name="incidents"),
    path("contract/<uuid:client_id>/<uuid:order_form_id>/record", happened.happened, name="happened"),
    path("run", staff.start, name="start"),
    path("of/<slug:slug>/", of_client.invoices, name="of-client"),
    path("of/<slug:slug>/<uuid:invoice_id>", of_client.invoice, name="invoice-staff"),
    *(
        path(f"of/<slug:slug>/<uuid:invoice_id>/{kind}", of_client.download, {"kind": kind}, name=f"{kind}-staff")
        for kind in ("pdf", "xml", "ubl")
    ),
]
workspace = [
    path("", client.invoices, name="invoices"),
    path("fewer/<uuid:contract_id>", fewer.fewer, name="fewer"),
    path("credits", service_level.credits, name="credits"),
    path("credits/<uuid:order_form_id>/<str:month>/<slug:application>", service_level.claim, name="credit-claim"),
    path("lines.csv", client.lines, name="lines"),
    path("<uuid:invoice_id>", client.invoice, name="invoice"),
    path("<uuid:invoice_id>/pdf", client.download, {"kind": "pdf"}, name="pdf"),
    path("<uuid:invoice_id>/xml", client.download, {"kind": "xml"}, name="xml"),
    path("<uuid:invoice_id>/ubl", client.download, {"kind": "ubl"}, name="ubl"),
]
urlpatterns = [
    path("op/invoices/", include(of_staff)),
    path("c/<slug:client_slug>/invoices/", include(workspace)),
    path("c/<slug:client_slug>/usage/", usage.of_client, name="usage"),
    path("c/<slug:client_slug>/usage/export", usage.export, name="usage-export"),
    path("op/usage/<slug:slug>/", usage.of_one, name="usage-staff"),
    path("op/usage/<slug:slug>/export", usage.export_one, name="usage-staff-export"),
]

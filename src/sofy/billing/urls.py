"""Addresses of invoices: of staff below `op/`, of a client below its workspace."""

from django.urls import include, path

from sofy.billing.views import client, service_level, staff

app_name = "billing"
of_staff = [
    path("", staff.all_runs, name="runs"),
    path("preview", staff.preview, name="preview"),
    path("incidents", service_level.incidents, name="incidents"),
    path("run", staff.start, name="start"),
]
workspace = [
    path("", client.invoices, name="invoices"),
    path("credits", service_level.credits, name="credits"),
    path("credits/<uuid:order_form_id>/<str:month>/<slug:application>", service_level.claim, name="credit-claim"),
    path("<uuid:invoice_id>", client.invoice, name="invoice"),
    path("<uuid:invoice_id>/pdf", client.download, {"kind": "pdf"}, name="pdf"),
    path("<uuid:invoice_id>/xml", client.download, {"kind": "xml"}, name="xml"),
]
urlpatterns = [
    path("op/invoices/", include(of_staff)),
    path("c/<slug:client_slug>/invoices/", include(workspace)),
]

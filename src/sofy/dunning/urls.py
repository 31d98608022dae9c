"""Addresses of late payers: of a client below its workspace, of staff below `op/`."""

from django.urls import include, path

from sofy.dunning.views import client, receipt, staff

app_name = "dunning"
workspace = [
    path("", client.due, name="due"),
    path("<uuid:invoice_id>/contest", client.contest, name="contest"),
]
of_staff = [
    path("", staff.collections, name="collections"),
    path("list.csv", staff.as_csv, name="csv"),
    path("<uuid:client_id>/<uuid:form_id>", staff.payer, name="payer"),
    path("<uuid:client_id>/<uuid:form_id>/case-file", staff.case_file, name="case-file"),
    path("<uuid:client_id>/<uuid:form_id>/letters/<uuid:act_id>", staff.letter, name="letter"),
    path("<uuid:client_id>/<uuid:form_id>/draft/<slug:kind>", staff.draft, name="draft"),
    path("<uuid:client_id>/<uuid:form_id>/<slug:what>", staff.act, name="act"),
]
urlpatterns = [
    path("op/collections/", include(of_staff)),
    path("n/<uuid:client_id>/<str:token>", receipt.receipt, name="receipt"),
    path("c/<slug:client_slug>/due/", include(workspace)),
]

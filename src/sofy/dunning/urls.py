"""Addresses of late payers: of a client below its workspace, of staff below `op/`."""

from django.urls import include, path

from sofy.dunning.views import client, receipt

app_name = "dunning"
workspace = [
    path("", client.due, name="due"),
    path("<uuid:invoice_id>/contest", client.contest, name="contest"),
]
urlpatterns = [
    path("n/<uuid:client_id>/<str:token>", receipt.receipt, name="receipt"),
    path("c/<slug:client_slug>/due/", include(workspace)),
]

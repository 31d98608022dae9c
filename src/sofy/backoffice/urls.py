"""Addresses of the operator's screens."""

from django.urls import path

from sofy.backoffice import views

app_name = "backoffice"
urlpatterns = [
    path("op/clients/", views.clients, name="clients"),
    path("op/clients/new", views.new_client, name="client-new"),
    path("op/clients/<slug:slug>", views.client, name="client"),
    path("op/clients/<slug:slug>/enter", views.enter, name="enter"),
    path("op/clients/<slug:slug>/leave", views.leave, name="leave"),
    path("op/audit/", views.journal, name="journal"),
    path("op/find", views.find, name="find"),
]

"""Addresses of this room."""

from django.urls import path

from sofy.messaging.views import client, staff

app_name = "messaging"
urlpatterns = [
    path("c/<slug:client_slug>/messages/", client.messages, name="messages"),
    path("c/<slug:client_slug>/messages/<uuid:message_id>", client.message, name="message"),
    path("c/<slug:client_slug>/senders/", client.senders, name="senders"),
    path("c/<slug:client_slug>/senders/<uuid:sender_id>/withdraw", client.withdraw, name="sender-withdraw"),
    path("op/routes/", staff.console, name="routes"),
    path("op/routes/<uuid:route_id>/state", staff.change, name="route-state"),
]

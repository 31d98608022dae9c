"""Addresses of this room."""

from django.urls import path

from sofy.messaging.views import client, developers, opt_out, registry, senders, staff, stop_list, templates, webhooks

app_name = "messaging"
urlpatterns = [
    path("u/<str:token>", opt_out.page, name="opt-out"),
    path("c/<slug:client_slug>/messages/", client.messages, name="messages"),
    path("c/<slug:client_slug>/messages/<uuid:message_id>", client.message, name="message"),
    path("c/<slug:client_slug>/senders/", senders.overview, name="senders"),
    path("c/<slug:client_slug>/senders/<uuid:sender_id>", senders.one, name="sender"),
    path("c/<slug:client_slug>/senders/<uuid:sender_id>/withdraw", senders.withdraw, name="sender-withdraw"),
    path("c/<slug:client_slug>/senders/proofs/<uuid:proof_id>", senders.proof, name="sender-proof"),
    path(
        "c/<slug:client_slug>/senders/proofs/<uuid:proof_id>/remove", senders.remove_proof, name="sender-proof-remove"
    ),
    path("c/<slug:client_slug>/messages/export", client.export, name="messages-export"),
    path("c/<slug:client_slug>/messages/files/<uuid:log_file_id>", client.log_file, name="log-file"),
    path(
        "c/<slug:client_slug>/messages/files/<uuid:log_file_id>/content",
        client.log_file_content,
        name="log-file-content",
    ),
    path("c/<slug:client_slug>/templates/", templates.overview, name="templates"),
    path("c/<slug:client_slug>/templates/new", templates.new, name="template-new"),
    path("c/<slug:client_slug>/templates/<uuid:template_id>", templates.edit, name="template"),
    path("c/<slug:client_slug>/templates/<uuid:template_id>/history", templates.history, name="template-history"),
    path(
        "c/<slug:client_slug>/templates/<uuid:template_id>/restore/<int:number>",
        templates.restore,
        name="template-restore",
    ),
    path("c/<slug:client_slug>/templates/<uuid:template_id>/duplicate", templates.duplicate, name="template-duplicate"),
    path("c/<slug:client_slug>/templates/<uuid:template_id>/archive", templates.archive, name="template-archive"),
    path("c/<slug:client_slug>/templates/<uuid:template_id>/submit", templates.submit, name="template-submit"),
    path("c/<slug:client_slug>/templates/<uuid:template_id>/look", templates.look, name="template-look"),
    path("c/<slug:client_slug>/requests/", developers.requests, name="requests"),
    path("c/<slug:client_slug>/reference/", developers.reference, name="api-reference"),
    path("op/senders/", registry.queue, name="sender-queue"),
    path("op/senders/reserved", registry.reserve, name="reserved-names"),
    path("op/senders/reserved/<uuid:name_id>/free", registry.free, name="reserved-name-free"),
    path("op/senders/<uuid:client_id>/<uuid:sender_id>", registry.one, name="sender-review"),
    path("op/senders/<uuid:client_id>/proofs/<uuid:proof_id>", registry.proof, name="sender-review-proof"),
    path("c/<slug:client_slug>/webhooks/", webhooks.overview, name="webhooks"),
    path("c/<slug:client_slug>/webhooks/new", webhooks.new, name="webhook-new"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>", webhooks.one, name="webhook"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>/edit", webhooks.edit, name="webhook-edit"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>/rotate", webhooks.rotate, name="webhook-rotate"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>/remove", webhooks.remove, name="webhook-remove"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>/enable", webhooks.enable, name="webhook-enable"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>/test", webhooks.test, name="webhook-test"),
    path("c/<slug:client_slug>/webhooks/<uuid:webhook_id>/replay", webhooks.replay_failed, name="webhook-replay"),
    path(
        "c/<slug:client_slug>/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
        webhooks.replay,
        name="delivery-replay",
    ),
    path("op/routes/", staff.console, name="routes"),
    path("op/routes/<uuid:route_id>", staff.edit, name="route"),
    path("op/routes/<uuid:route_id>/state", staff.change, name="route-state"),
    path("op/stop-list/", stop_list.overview, name="stop-list"),
    path("op/stop-list/upload", stop_list.upload, name="stop-list-upload"),
    path("op/stop-list/<uuid:file_id>", stop_list.one_file, name="stop-file"),
    path("op/stop-list/<uuid:file_id>/confirm", stop_list.confirm, name="stop-file-confirm"),
    path("op/stop-list/<uuid:file_id>/resume", stop_list.resume, name="stop-file-resume"),
    path("op/stop-list/<uuid:file_id>/discard", stop_list.discard, name="stop-file-discard"),
    path("op/stop-list/<uuid:file_id>/withdraw", stop_list.withdraw, name="stop-file-withdraw"),
]

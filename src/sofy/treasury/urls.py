"""Addresses of money in: of staff below `op/`, of a client below its workspace."""

from django.urls import include, path

from sofy.treasury.views import bank, client, debits, mandates

app_name = "treasury"
of_bank = [
    path("", bank.queue, name="bank"),
    path("files/", bank.bank_files, name="files"),
    path("files/<uuid:file_id>", bank.bank_file, name="file"),
    path("files/<uuid:file_id>/original", bank.original, name="original"),
    path("<uuid:question_id>", bank.question, name="question"),
    path("<uuid:question_id>/decide", bank.decide, name="decide"),
    path("<uuid:question_id>/undo", bank.undo, name="undo"),
]
of_debits = [
    path("", debits.to_collect, name="debits"),
    path("make", debits.make, name="debits-make"),
    path("<uuid:batch_id>", debits.batch, name="batch"),
    path("<uuid:batch_id>/file", debits.download, name="batch-file"),
    path("<uuid:batch_id>/<slug:what>", debits.act, name="batch-act"),
]
of_mandates = [
    path("", mandates.register, name="mandates"),
    path("new", mandates.new, name="mandate-new"),
    path("<uuid:mandate_id>", mandates.mandate, name="mandate"),
    path("<uuid:mandate_id>/<slug:what>", mandates.act, name="mandate-act"),
]
urlpatterns = [
    path("op/bank/", include(of_bank)),
    path("op/debits/", include(of_debits)),
    path("op/mandates/", include(of_mandates)),
    path("c/<slug:client_slug>/mandate/", client.mandate, name="mine"),
]

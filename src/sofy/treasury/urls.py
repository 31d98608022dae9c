"""Addresses of money in: of staff below `op/`, of a client below its workspace."""

from django.urls import include, path

from sofy.treasury.views import bank

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
urlpatterns = [
    path("op/bank/", include(of_bank)),
]

"""Addresses of the books, of staff below `op/`."""

from django.urls import path

from sofy.accounting.views import books, health, life

app_name = "accounting"
urlpatterns = [
    path("op/health/", health.clients, name="health"),
    path("op/health/<slug:slug>/", health.client, name="client"),
    path("op/invoices/of/<slug:slug>/<uuid:invoice_id>/deposit", life.deposit, name="deposit"),
    path("op/health/<slug:slug>/<uuid:form_id>", health.line, name="line"),
    path("op/books/", books.overview, name="books"),
    path("op/books/documents", books.pieces, name="pieces"),
    path("op/books/file/<slug:kind>", books.file, name="file"),
    path("op/books/accounts/<slug:code>", books.accounts, name="accounts"),
]

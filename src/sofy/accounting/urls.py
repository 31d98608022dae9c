"""Addresses of the books, of staff below `op/`."""

from django.urls import path

from sofy.accounting.views import books

app_name = "accounting"
urlpatterns = [
    path("op/books/", books.overview, name="books"),
    path("op/books/documents", books.pieces, name="pieces"),
    path("op/books/file/<slug:kind>", books.file, name="file"),
    path("op/books/accounts/<slug:code>", books.accounts, name="accounts"),
]

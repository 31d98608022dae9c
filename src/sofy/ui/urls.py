"""Addresses of the design system."""

from django.urls import path

from sofy.ui import views

app_name = "ui"
urlpatterns = [
    path("ui/", views.catalogue, name="catalogue"),
    path("ui/preferences", views.preferences, name="preferences"),
]

"""Addresses of a client's workspace."""

from django.urls import include, path

from sofy.clients import views

app_name = "clients"
workspace = [
    path("", views.home, name="home"),
    path("find", views.find, name="find"),
    path("establishments/", views.establishments, name="establishments"),
    path("establishments/new", views.establishment, name="establishment-new"),
    path("establishments/<uuid:establishment_id>", views.establishment, name="establishment"),
    path("team/", views.team, name="team"),
    path("team/invite", views.invite, name="invite"),
    path("team/invitations/<uuid:invitation_id>/withdraw", views.withdraw, name="withdraw"),
    path("team/<uuid:membership_id>", views.member, name="member"),
    path("team/<uuid:membership_id>/remove", views.remove, name="remove"),
    path("settings/", views.client_settings, name="settings"),
    path("audit/", views.journal, name="journal"),
]
urlpatterns = [path("c/<slug:client_slug>/", include(workspace))]

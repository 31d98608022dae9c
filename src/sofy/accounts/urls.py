"""Addresses of log-in, one's own account, invitations and API keys."""

from django.urls import include, path
from django.views.generic import RedirectView

from sofy.accounts import views

own = (
    [
        path("", views.start, name="start"),
        path("clients/", views.clients, name="clients"),
        path("account/profile/", views.profile, name="profile"),
        path("account/secure/", views.secure, name="secure"),
        path("account/sessions/", views.sessions, name="sessions"),
        path("account/sessions/<int:session_id>/end", views.end_session, name="end-session"),
        path("invitation/<str:token>", views.invitation, name="invitation"),
        path("c/<slug:client_slug>/keys/", views.keys, name="keys"),
        path("c/<slug:client_slug>/developers/", views.developers, name="developers"),
        path("c/<slug:client_slug>/keys/new", views.new_key, name="key-new"),
        path("c/<slug:client_slug>/keys/<uuid:key_id>/revoke", views.revoke_key, name="key-revoke"),
    ],
    "accounts",
)
urlpatterns = [
    path("", include(own)),
    # A log-in address changes through staff, who check who asks: allauth's page for it stays closed.
    path("account/email/", RedirectView.as_view(pattern_name="accounts:profile"), name="account_email"),
    # Nobody signs up: no address ever waits to be confirmed.
    path("account/confirm-email/", RedirectView.as_view(url="/"), name="account_email_verification_sent"),
    path("account/confirm-email/<str:key>/", RedirectView.as_view(url="/"), name="account_confirm_email"),
    # allauth asks nobody whether a security key may go.
    path("account/2fa/webauthn/keys/<int:pk>/remove/", views.remove_key, name="mfa_remove_webauthn"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/usersessions/", RedirectView.as_view(pattern_name="accounts:sessions"), name="usersessions_list"),
    path("account/", include("allauth.account.urls")),
]

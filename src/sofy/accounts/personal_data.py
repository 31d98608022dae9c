"""Columns of this room that can tell something about a person."""

from sofy.kit.personal_data import about_nobody, declare

ACCOUNT = "one year after the person’s last place at a client or the operator"
LEAVING = "sofy.accounts.tasks.forget_accounts"
OVER = "sofy.accounts.tasks.forget_sessions"
SESSION = "the life of the session, twelve hours"
LOGIN = "people log in with it: it is looked up before anything else is known of them"
declare("accounts_user", "email", purpose="log-in", retention=ACCOUNT, by=LEAVING, in_clear=LOGIN)
declare("accounts_user", "sealed_name", purpose="to name colleagues to each other", retention=ACCOUNT, by=LEAVING)
declare("account_emailaddress", "email", purpose="password reset", retention=ACCOUNT, by=LEAVING, in_clear=LOGIN)
declare(
    "usersessions_usersession",
    ["ip", "user_agent"],
    purpose="so that people recognise and end their sessions",
    retention=SESSION,
    by=OVER,
    in_clear="a table of django-allauth",
)
declare(
    "accounts_user",
    ["password", "language"],
    purpose="log-in, and the language of pages",
    retention=ACCOUNT,
    by=LEAVING,
    in_clear="a hash (argon2) and one of two codes",
)
declare(
    "mfa_authenticator",
    "data",
    purpose="second factor",
    retention=f"as long as the factor is set up; {ACCOUNT}",
    by=LEAVING,
)
declare(
    "usersessions_usersession",
    ["session_key", "data"],
    purpose="so that people recognise and end their sessions",
    retention=SESSION,
    by=OVER,
    in_clear="a table of django-allauth",
)
declare(
    "django_session",
    ["session_key", "session_data"],
    purpose="so that people stay logged in",
    retention=SESSION,
    by=OVER,
    in_clear="a table of Django: an id of the user, signed",
)
declare(
    "accounts_cache",
    ["cache_key", "value"],
    purpose="to count log-ins that failed, per network address and per account",
    retention="five minutes at most, then until the next hour",
    by=OVER,
    in_clear="a table of Django; an account is a hash there",
)
about_nobody("account_emailconfirmation", "key", "a random word, used once")
about_nobody(
    "accounts_api_key", ["name", "prefix", "digest", "scopes", "networks"], "a program of the client, not a person"
)
about_nobody("mfa_authenticator", "type", "which kind of factor")

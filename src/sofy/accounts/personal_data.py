"""Columns of this room that can tell something about a person."""

from sofy.kit.personal_data import declare

ACCOUNT = "as long as the account, then one year"
LOGIN = "people log in with it: it is looked up before anything else is known of them"
declare("accounts_user", "email", purpose="log-in", retention=ACCOUNT, in_clear=LOGIN)
declare("accounts_user", "sealed_name", purpose="to name colleagues to each other", retention=ACCOUNT)
declare("account_emailaddress", "email", purpose="password reset", retention=ACCOUNT, in_clear=LOGIN)
declare(
    "usersessions_usersession",
    ["ip", "user_agent"],
    purpose="so that people recognise and end their sessions",
    retention="the life of the session, twelve hours",
    in_clear="a table of django-allauth",
)

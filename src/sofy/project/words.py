"""Refusals only a command makes, or says otherwise than a page; `{shown}` stands for all that is known."""


def _(text: str) -> str:
    """Mark a text for the catalogue; Django's own mark wants its settings, which a command has not read yet."""
    return text


REFUSALS = {
    "file_missing": _("The file {file} does not exist."),
    "file_unreadable": _("The file {file} cannot be read ({problem})."),
    "mail_missing": _("No mail came on standard input."),
    "file_not_text": _("The file {file} is not text in UTF-8."),
    "client_unknown": _("No client has the address or id “{client}”."),
    "book_unknown": _("No contact book has the id {book}."),
    "segment_unknown": _("No segment has the name or id “{segment}”."),
    "segment_unreadable": _("This is not the JSON form of a segment: {reason}."),
    "segment_name_taken": _("Another segment has the name “{segment}”, with other rules: give this one another name."),
    "place_unknown": _("The template “{template}” has no place “{place}”: these are its places: {known}."),
    "campaign_unknown": _("No campaign has the id {campaign}."),
    "campaign_name_taken": _(
        "A campaign “{campaign}” with another text, other people or another sender exists already ({state}): give this"
        " one another name with --name. Nothing was sent."
    ),
    "text_missing": _("The message is missing: give {expected}."),
    "field_invalid": _("--{field}: {problem}"),
    "establishment_code_unknown": _(
        "No point of sale has the code “{shop_code}”: make it with sofy establishment add."
    ),
    "establishments_missing": _(
        "A store manager has at least one point of sale: name it with --establishment. Nothing was changed."
    ),
    "establishments_for_managers": _("Points of sale are for a store_manager only: the role {role} sees them all."),
    "role_unknown": _("The role “{role}” does not exist: owner, marketer, store_manager, developer or auditor."),
    "role_without_client": _("A role is at a client: name it with --client."),
    "user_not_staff": _("{email} exists already and is none of Sofy’s own people. Nothing was changed."),
    "key_other_scopes": _(
        "The key “{key}” exists already with other rights ({scopes}): give this one another name, or revoke that one."
    ),
    "email_invalid": _("This is no e-mail address: write it as name@example.com."),
    "role_of_another": _(
        "The role {role} of this PostgreSQL server has another password than in {folder}: another installation uses it."
        " Copy its pg_sofy_* files into that folder, or use another server; docs/howto/use-your-own-postgresql.md says"
        " how. Nothing was changed."
    ),
    "server_of_yours": _("The database is on a server of yours, which SOFY_DATABASE_URL names: drop it there."),
    "citus_missing": _("This server has no Citus: make the extension on every server of the cluster first."),
    "processes_running": _("Processes of this checkout are running: stop `sofy up` first. Nothing was removed."),
    "removal_not_confirmed": _(
        "This would remove {folders} for good: contacts, messages, proofs of consent and the keys they are sealed with."
        " Say so with --yes."
    ),
    "sandbox_in_production": _("The simulated operator does not run in production."),
    "connector_unknown": _("There is no connector “{connector}”: choose among {known}."),
    "route_settings": _("The settings of this route cannot be used ({shown})."),
    "setting_unreadable": _("“{setting}” is no setting: write it as {expected}."),
    "trace_line": _("Line {line} of the trace is no message written in JSON."),
    "trace_field": _("Line {line} of the trace: {field} is missing, or is not what it should be."),
    "trace_instant": _(
        "Line {line} of the trace: {field} is no instant. Write 2026-11-23T08:00:00Z, or seconds since 1970."
    ),
    "attack_unknown": _("There is no attack “{attack}”: choose among {known}."),
    "route_unknown": _("No route has the code “{route}”."),
    "day_unreadable": _("“{day}” is no day: write it as 2026-12-01."),
    "columns_missing": _("The file lacks these columns: {columns}."),
}

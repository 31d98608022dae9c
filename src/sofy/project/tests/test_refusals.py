"""What is typed wrong is said in one line and in code, whatever the command: no traceback, nothing half done."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from django.db import connections

from sofy.engine.route_config import open_config
from sofy.kernel.errors import Refused
from sofy.kit.keys import keystore
from sofy.kit.rls import staff_scope
from sofy.messaging.route_rules import read_price
from sofy.project import cli, route_settings

NOBODY = "01a20dbf-c2d6-7029-8124-b3981e53d8a0"
KEY = ["apikey", "create", "till", "--client", "zoe", "--scope", "messages:send"]
LOGIN = "--set host=127.0.0.1 --set port=2775 --set system_id=a --set password=secret"


@pytest.mark.parametrize(
    ("_case", "line"),
    [
        ("no command", ""),
        ("unknown command", "nope"),
        ("no action", "route"),
        ("unknown action", "route nope"),
        ("missing argument", "client create"),
        ("unknown option", "route list --colour"),
        ("a number that is none", "campaign launch --client zoe --count many"),
        ("a sender without a name", "sender add --client zoe"),
        ("a sender with two names", "sender add ZOE --name ELEA --client zoe"),
        ("an id that is none", "campaign status --client zoe 12"),
        ("a segment that is none", "segment count --client zoe --segment 12"),
        ("two things of which one is wanted", f"segment count --client zoe --tree x --segment {NOBODY}"),
        ("an unknown choice", "route add x --purpose gift"),
        ("an unknown language", "user create a@example.org --language de"),
        ("a port out of range", "sandbox --port 99999"),
        ("a port below zero", "sandbox --page-port -1"),
        ("bytes of another encoding", "client create caf\udce9"),
    ],
)
def test_a_command_typed_wrong_is_one_line_and_status_2(_case, line, capsys):
    status = cli.main(line.split())
    told = capsys.readouterr()
    as_json = cli.main([*line.split(), "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert (status, as_json) == (2, 2)
    assert told.out == ""
    assert told.err.startswith("sofy: ")
    assert told.err.count("\n") == 1
    assert answer["error"] == "usage"
    assert answer["message"]


REFUSED = [
    ("client create", ["client", "create", " "], "client_name_missing"),
    ("client create", ["client", "create", "x" * 500], "database_failed"),
    ("client channels", ["client", "channels", "nobody"], "client_unknown"),
    ("user create", ["user", "create", "nobody"], "email_invalid"),
    ("user create", ["user", "create", "a@example.org", "--client", "nobody"], "client_unknown"),
    ("user create", ["user", "create", "a@example.org", "--client", "zoe", "--role", "king"], "role_unknown"),
    ("user create", ["user", "create", "a@example.org", "--password-file", "NONE"], "file_missing"),
    ("user create", ["user", "create", "a@example.org", "--password-file", "FOLDER"], "file_unreadable"),
    ("user create", ["user", "create", "a@example.org", "--password-file", "BYTES"], "file_not_text"),
    ("user create", ["user", "create", "a@example.org", "--password-file", "EMPTY"], "password_weak"),
    ("user code", ["user", "code", "nobody@example.org"], "user_unknown"),
    ("establishment add", ["establishment", "add", "Shop", "--code", "A", "--client", "nobody"], "client_unknown"),
    (
        "establishment add",
        ["establishment", "add", "Shop", "--code", "A", "--client", "zoe", "--latitude", "91"],
        "field_invalid",
    ),
    ("sender add", ["sender", "add", "ZOE", "--client", "nobody"], "client_unknown"),
    ("sender add", ["sender", "add", "Zoé", "--client", "zoe"], "sender_characters"),
    ("apikey create", ["apikey", "create", "till", "--client", "nobody", "--scope", "x"], "client_unknown"),
    ("apikey create", ["apikey", "create", "till", "--client", "zoe", "--scope", "x"], "scope_unknown"),
    ("apikey create", [*KEY, "--from", "shop"], "network_unreadable"),
    ("apikey create", [*KEY, "--per-10s", "0"], "per_10s_range"),
    ("audit verify", ["audit", "verify", "--client", "nobody"], "client_unknown"),
    ("route add", ["route", "add", "x", "--connector", "pigeon"], "connector_unknown"),
    ("route add", ["route", "add", "x"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "host"], "setting_unreadable"),
    ("route add", ["route", "add", "x", "--weight", "1001"], "route_weight"),
    ("route add", ["route", "add", "x", "--prefix", "+336"], "route_prefix"),
    ("route add", ["route", "add", "x", "--country", "France"], "price_country"),
    ("route add", ["route", "add", "x", "--sender", "LA FLEUR"], "route_senders"),
    ("route add", ["route", "add", "x", "--set", "port=many"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "port=70000"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "binds=65"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "window=1e9"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "rate_per_s=NaN"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "rate_per_s=1e400"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "colour=red"], "route_settings"),
    ("route add", ["route", "add", "x", "--set", "encodings=latin1"], "route_settings"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--set", 'encodings=["gsm7"]'], "route_settings"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--set", "receipt_zone=Mars"], "route_settings"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--short-code", "12345678"], "short_code_unreadable"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--short-code", ""], "short_code_unreadable"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--short-code", "38123"], "short_code_marketing"),
    (
        "route add",
        ["route", "add", "x", *LOGIN.split(), "--short-code", "36123", "--purpose", "alert"],
        "short_code_alert",
    ),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--price=-5"], "price_range"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--price", "NaN"], "price_unreadable"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--price", "1e30"], "price_range"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--price", "1e-30"], "price_range"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--price", "cheap"], "price_unreadable"),
    ("route add", ["route", "add", "a b", *LOGIN.split()], "route_code"),
    ("route add", ["route", "add", "x", *LOGIN.split(), "--name", "x" * 81], "route_name"),
    ("route pause", ["route", "pause", "x"], "route_unknown"),
    ("route resume", ["route", "resume", "x"], "route_unknown"),
    ("route drain", ["route", "drain", "x"], "route_unknown"),
    ("contacts import", ["contacts", "import", "NONE", "--client", "zoe"], "file_missing"),
    ("contacts import", ["contacts", "import", "FOLDER", "--client", "zoe"], "file_missing"),
    ("contacts import", ["contacts", "import", "TEXT", "--client", "nobody"], "client_unknown"),
    ("contacts import", ["contacts", "import", "CSV", "--client", "zoe", "--book", NOBODY], "book_unknown"),
    ("segment create", ["segment", "create", "All", "--client", "nobody", "--tree", "TEXT"], "client_unknown"),
    ("segment create", ["segment", "create", "All", "--client", "zoe", "--tree", "NONE"], "file_missing"),
    ("segment create", ["segment", "create", " ", "--client", "zoe", "--tree", '{"is":"all"}'], "name_missing"),
    ("segment count", ["segment", "count", "--client", "nobody", "--tree", "TEXT"], "client_unknown"),
    ("segment count", ["segment", "count", "--client", "zoe", "--tree", '{"is":"age"}'], "segment_invalid"),
    ("segment count", ["segment", "count", "--client", "zoe", "--tree", "NONE"], "file_missing"),
    ("segment count", ["segment", "count", "--client", "zoe", "--tree", "FOLDER"], "file_unreadable"),
    ("segment count", ["segment", "count", "--client", "zoe", "--tree", "BYTES"], "file_not_text"),
    ("segment count", ["segment", "count", "--client", "zoe", "--tree", "TEXT"], "*"),
    ("segment count", ["segment", "count", "--client", "zoe", "--segment", NOBODY], "*"),
    ("suppression import", ["suppression", "import", "NONE", "--list", "x"], "file_missing"),
    ("suppression import", ["suppression", "import", "TEXT", "--list", " "], "stop_list_name"),
    ("suppression check", ["suppression", "check", "nobody"], "stop_list_no_number"),
    ("campaign launch", ["campaign", "launch", "--client", "nobody", "--text", "x"], "client_unknown"),
    ("price add", ["price", "add", "--route", "x", "--price", "0.03", "--from", "2026-11-01"], "*"),
    ("price add", ["price", "add", "--list", "--price", "cheap", "--from", "2026-11-01"], "price_unreadable"),
    ("price find", ["price", "find", "nobody"], "*"),
    ("price import", ["price", "import", "NONE"], "file_missing"),
    ("price networks", ["price", "networks", "NONE"], "file_missing"),
    ("fraud replay", ["fraud", "replay", "NONE"], "file_missing"),
    ("smpp-account add", ["smpp-account", "add", "--client", "nobody", "--purpose", "alert"], "client_unknown"),
    ("smpp-account disable", ["smpp-account", "disable", "--client", "zoe", NOBODY], "*"),
    ("smpp-account password", ["smpp-account", "password", "--client", "zoe", NOBODY], "*"),
    ("email-domain add", ["email-domain", "add", "--client", "nobody", "example.org"], "client_unknown"),
    ("email-domain check", ["email-domain", "check", "--client", "zoe", "example.org"], "*"),
    ("bounce", ["bounce", "--route", "nobody"], "route_unknown"),
    ("template show", ["template", "show", "--client", "zoe", "nothing"], "template_unknown"),
    ("webhook add", ["webhook", "add", "--client", "zoe", "--url", "http://10.0.0.1/"], "webhook_url_private"),
    ("webhook add", ["webhook", "add", "--client", "nobody", "--url", "http://127.0.0.1/"], "client_unknown"),
    *(
        (f"webhook {action}", ["webhook", action, NOBODY, "--client", "zoe"], "webhook_unknown")
        for action in ("remove", "enable", "rotate", "test")
    ),
    ("webhook replay", ["webhook", "replay", NOBODY, "--client", "zoe", "--since", "2026-11-24"], "webhook_unknown"),
    ("entity add", ["entity", "add", "NONE", "--code", "x", "--series", "X"], "file_missing"),
    ("entity add", ["entity", "add", "BYTES", "--code", "x", "--series", "X"], "file_not_text"),
    ("entity add", ["entity", "add", "EMPTY", "--code", "x", "--series", "X"], "order_form_file"),
    ("order-form draft", ["order-form", "draft", "FOLDER", "--client", "zoe"], "file_unreadable"),
    ("order-form draft", ["order-form", "draft", "EMPTY", "--client", "zoe"], "order_form_file"),
    *(
        (f"order-form {action}", ["order-form", action, NOBODY, "--client", "zoe", *more], "order_form_unknown")
        for action, more in (("show", []), ("send", []), ("cancel", ["--reason", "x"]))
    ),
    (
        "order-form accept",
        ["order-form", "accept", NOBODY, "--client", "zoe", "--signer", "x", "--on", "soon", "--proof", "EMPTY"],
        "day_unreadable",
    ),
    *(
        (
            f"books {what}",
            ["books", what, "--entity", "nobody", "--from", "2026-01-01", "--to", "2026-02-01", *more],
            "entity_unknown",
        )
        for what, more in (("fec", ["--out", "FOLDER"]), ("vat", []), ("revenue", []), ("documents", []))
    ),
    ("invoices export", ["invoices", "export", "FA-9", "--out", "FOLDER"], "*"),
    ("invoices event", ["invoices", "event", "NONE", "--client", "zoe"], "*"),
    ("invoices event", ["invoices", "event", "TEXT", "--client", "nobody"], "client_unknown"),
    ("invoices tables", ["invoices", "tables", "NONE"], "file_missing"),
    ("bank load", ["bank", "load", "NONE", "--entity", "ours"], "*"),
    ("bank load", ["bank", "load", "BYTES", "--entity", "nobody"], "entity_unknown"),
    ("bank list", ["bank", "list", "--entity", "nobody"], "entity_unknown"),
    ("debit list", ["debit", "list", "--entity", "nobody", "--until", "2026-05-31"], "entity_unknown"),
    ("debit make", ["debit", "make", "--entity", "nobody", "--until", "May", "--out", "FOLDER"], "*"),
    ("debit answer", ["debit", "answer", "OPT-1", "BYTES"], "batch_unknown"),
    ("bank account", ["bank", "account", "FR76", "--entity", "nobody"], "entity_unknown"),
    ("invoices tables", ["invoices", "tables", "TEXT"], "*"),
    ("invoices tables", ["invoices", "tables", "BYTES"], "*"),
    ("einvoice check", ["einvoice", "check", "NONE"], "file_missing"),
    ("einvoice check", ["einvoice", "check", "FOLDER"], "file_unreadable"),
    ("campaign launch", ["campaign", "launch", "--client", "zoe"], "text_missing"),
    ("campaign launch", ["campaign", "launch", "--client", "zoe", "--text-file", "NONE"], "file_missing"),
    ("campaign launch", ["campaign", "launch", "--client", "zoe", "--text-file", "FOLDER"], "file_unreadable"),
    ("campaign launch", ["campaign", "launch", "--client", "zoe", "--text-file", "BYTES"], "file_not_text"),
    ("campaign launch", ["campaign", "launch", "--client", "zoe", "--text-file", "EMPTY"], "text_missing"),
    ("campaign launch", ["campaign", "launch", "--client", "zoe", "--campaign", NOBODY], "campaign_unknown"),
    (
        "campaign launch",
        ["campaign", "launch", "--client", "zoe", "--text", "Bonjour", "--segment", NOBODY],
        "*",
    ),
    ("campaign status", ["campaign", "status", "--client", "nobody", NOBODY], "client_unknown"),
    ("campaign status", ["campaign", "status", "--client", "zoe", NOBODY], "campaign_unknown"),
]


def _files(folder: Path) -> dict[str, str]:
    """What stands for a file in the table -> a real one."""
    (folder / "folder").mkdir()
    (folder / "bytes").write_bytes(b"caf\xe9 \xff\xfe")
    (folder / "empty").write_bytes(b"")
    (folder / "text").write_text("neither JSON nor numbers")
    (folder / "csv").write_text("prenom;portable\nZoé;06 39 98 00 01\n")
    return {word.upper(): str(folder / word) for word in ("folder", "bytes", "empty", "text", "csv", "none")}


def test_what_cannot_be_done_is_one_line_and_status_1(sofy, tmp_path, capsys):
    sofy("client", "create", "Zoé", "--slug", "zoe")
    files = _files(tmp_path)
    wrong = []

    for _case, words, code in REFUSED:
        line = [files.get(word, word) for word in words]
        status = cli.main(line)
        told = capsys.readouterr()
        as_json, said = sofy(*line, "--json")
        answer = json.loads(said) if said else {"error": ""}
        fine = (
            status == as_json == 1
            and "refusé" not in told.err.lower()
            and "{" not in told.err
            and "Problem(" not in told.err + said
            and told.out == ""
            and told.err.startswith("sofy: ")
            and told.err.count("\n") == 1
            and code in ("*", answer["error"])
        )
        if not fine:
            wrong.append((words, code, status, as_json, told.err, answer))

    assert wrong == []
    assert json.loads(sofy("route", "list", "--json")[1])["routes"] == []


def test_every_command_that_takes_something_is_in_the_table():
    asked = {case for case, _, _ in REFUSED}

    assert asked >= {
        " ".join(words)
        for words, parser in _leaves(cli.parser())
        if words[0] not in ("db", "sandbox", "demo", "bench", "case")
        and any(not action.option_strings for action in parser._actions)
    }


def _leaves(parser, words=()):
    groups = [action for action in parser._actions if isinstance(getattr(action, "choices", None), dict)]
    if not groups:
        yield words, parser
    for group in groups:
        for name, below in group.choices.items():
            yield from _leaves(below, (*words, name))


@pytest.mark.parametrize(
    ("_case", "typed", "read"),
    [
        ("a whole number", "port=2775", 2775),
        ("text", "host=smpp.example.net", "smpp.example.net"),
        ("digits where text is wanted", "password=12345678", "12345678"),
        ("a word of JSON where text is wanted", "system_id=true", "true"),
        ("yes or no", "tls=true", True),
        ("a list", 'encodings=["gsm7","latin1","ucs2"]', ["gsm7", "latin1", "ucs2"]),
        ("an object", 'alphanumeric={"ton":5,"npi":1}', {"ton": 5, "npi": 1}),
        ("a table of errors", 'submit_errors={"0x450":"retry"}', {"0x450": "retry"}),
        ("an equals sign in the value", "password=a=b", "a=b"),
    ],
)
def test_a_setting_is_json_where_it_takes_json(_case, typed, read):
    name, _, text = typed.partition("=")

    found = route_settings.read("smpp", {name: text})[name]

    assert (sorted(found) if isinstance(found, list) else found) == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("_case", "name", "text", "told"),
    [
        ("not a number", "port", "many", ["port", "Expected `int`"]),
        ("a list as text", "encodings", "gsm7", ["encodings", "Expected `array`", '["gsm7","latin1","ucs2"]']),
        ("an unknown alphabet", "encodings", '["ascii"]', ["encodings", "ascii"]),
        ("an object as text", "alphanumeric", "5", ["alphanumeric", "Expected `object`", '{"ton":5,"npi":0}']),
        ("an unknown action", "submit_errors", '{"0x450":"shout"}', ["submit_errors", "shout", '{"0x450":"retry"}']),
        ("an unknown word", "long_messages", "cut", ["long_messages", "cut"]),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_what_it_takes(_case, name, text, told):
    with pytest.raises(Refused) as refused:
        route_settings.read("smpp", {name: text})

    assert all(word in str(refused.value) for word in told)


def test_the_alphabets_of_a_route_reach_the_table_the_engine_reads(sofy):
    for settings, expected in (
        (["--set", 'encodings=["gsm7","latin1","ucs2"]'], ["gsm7", "latin1", "ucs2"]),
        ([], ["gsm7", "ucs2"]),
    ):
        sofy("route", "add", "main", "--short-code", "36105", "--price", "0,0451", *LOGIN.split(), *settings)

        (row,) = json.loads(sofy("route", "list", "--json")[1])["routes"]

        assert (row["encodings"], row["price_eur"]) == (expected, "0.045100")


def test_what_the_command_stored_is_what_the_engine_reads(sofy):
    settings = ["rate_per_s=50", "tls=true", "password=12345678", 'alphanumeric={"ton":5,"npi":1}',
                'submit_errors={"0x450":"retry"}']  # fmt: skip
    given = [word for setting in settings for word in ("--set", setting)]

    status, _ = sofy("route", "add", "main", *LOGIN.split(), *given)

    assert status == 0
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute("SELECT id, config FROM engine_route")
        route_id, stored = cursor.fetchone()
    kind = route_settings.connector_of("smpp")
    config = msgspec.convert(open_config(keystore(), kind, route_id, json.loads(stored)), kind.Config)
    assert (config.port, config.rate_per_s, config.tls, config.password) == (2775, 50, True, "12345678")
    assert (config.alphanumeric.npi, config.submit_errors) == (1, {"0x450": "retry"})


@pytest.mark.parametrize(
    ("typed", "price"), [("0,045", "0.045"), (" 0.045 € ", "0.045"), ("10", "10"), ("0", "0"), ("4.5e-2", "0.045")]
)
def test_a_price_as_people_write_it(typed, price):
    assert read_price(typed) == Decimal(price)

"""The command line: every command explains itself, answers in JSON, and bears a second run."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sofy.contracts.documents import CGVU, DPA
from sofy.project import cli, runtime
from sofy.project.commands import clauses


def _json(answer):
    return json.loads(answer[1].strip().splitlines()[-1])


def _leaves(parser, words=()):
    groups = [action for action in parser._actions if hasattr(action, "choices") and isinstance(action.choices, dict)]
    if not groups:
        yield words, parser
    for group in groups:
        for name, below in group.choices.items():
            yield from _leaves(below, (*words, name))


def test_every_command_explains_itself_and_can_run():
    leaves = {" ".join(words): parser for words, parser in _leaves(cli.parser())}

    assert {
        "client create",
        "user code",
        "route pause",
        "contacts import",
        "campaign status",
        "db url",
        "status",
    } <= set(leaves)
    assert [name for name, parser in leaves.items() if not parser.description] == []
    assert [name for name, parser in leaves.items() if name != "django" and not parser.get_default("run")] == []


def test_a_client_and_its_people_can_be_made_twice(sofy):
    first = _json(sofy("client", "create", "Boulangerie Zoé", "--slug", "zoe", "--json"))
    second = _json(sofy("client", "create", "Boulangerie Zoé", "--slug", "zoe", "--json"))
    person = _json(sofy("user", "create", "zoe@example.org", "--client", "zoe", "--json"))
    again = _json(sofy("user", "create", "zoe@example.org", "--client", "zoe", "--json"))

    assert (first["new"], second["new"]) == (True, False)
    assert first["id"] == second["id"]
    assert person["new"]
    assert len(person["password"]) >= 12
    assert not again["new"]
    assert "password" not in again


def test_the_chains_are_verified_and_a_touched_one_is_named(sofy, engine_db):
    sofy("client", "create", "Zoé", "--slug", "zoe")
    whole = sofy("audit", "verify", "--json")
    with engine_db.connect("admin") as admin:
        admin.execute("update kit_audit set actor = 'nobody'")

    touched = sofy("audit", "verify", "--client", "zoe", "--json")

    assert whole[0] == 0
    assert _json(whole)["ok"]
    assert touched[0] == 1
    assert _json(touched)["chains"][0]["broken_at"] == 1
    assert "zoe: entry 1 was changed" in sofy("audit", "verify", "--client", "zoe")[1]


def test_a_key_is_shown_once(sofy):
    from sofy.accounts.rules import SCOPES

    sofy("client", "create", "Zoé", "--slug", "zoe")

    made = _json(sofy("apikey", "create", "till", "--client", "zoe", "--scope", next(iter(SCOPES)), "--json"))

    assert made["key"].startswith("sofy_")


def test_a_route_is_added_listed_and_paused(sofy):
    settings = ["--set", "host=127.0.0.1", "--set", "port=2775", "--set", "system_id=a", "--set", "password=secret"]
    for _ in range(2):
        sofy("route", "add", "main", "--short-code", "36105", "--price", "0,045", *settings)
    sofy("route", "pause", "main")

    rows = _json(sofy("route", "list", "--json"))["routes"]

    assert [(row["code"], row["state"], row["short_code"]) for row in rows] == [("main", "paused", "36105")]
    assert "secret" not in json.dumps(rows)


def test_a_route_is_chosen_as_is_said_and_keeps_what_is_not_said_again(sofy):
    asked = ["route", "add", "main", "--base-url", "smpp://127.0.0.1:2775", "--set", "system_id=a"]
    asked += ["--secret", "password=secret"]

    sofy(*asked, "--weight", "30", "--country", "FR", "--country", "RE", "--prefix", "33639", "--sender", "MARTIN")
    first = _json(sofy("route", "list", "--json"))["routes"][0]
    sofy(*asked, "--weight", "0", "--sender-policy", "any")
    second = _json(sofy("route", "list", "--json"))["routes"][0]

    assert (first["weight"], first["countries"], first["prefixes"]) == (30, ["FR", "RE"], ["33639"])
    assert (first["sender_policy"], first["senders"]) == ("listed", ["MARTIN"])
    assert second == first | {"weight": 0, "sender_policy": "any"}


def test_a_route_is_added_by_its_address_and_its_secrets_alone(sofy, engine_db):
    asked = ["route", "add", "--connector", "smpp", "--base-url", "smpps://127.0.0.1:2775", "--set", "system_id=a"]

    first = _json(sofy(*asked, "--secret", "password=secret", "--json"))
    second = _json(sofy(*asked, "--secret", "password=secret", "--json"))

    assert (first["code"], second["code"]) == ("smpp-1", "smpp-2")
    with engine_db.connect("admin") as admin:
        channel, config = admin.execute("select channel, config from engine_route where code = 'smpp-1'").fetchone()
    assert channel == "sms"
    assert (config["host"], config["port"], config["tls"]) == ("127.0.0.1", 2775, True)
    assert config["password"].startswith("sealed:")


def test_a_route_of_another_channel_knows_where_people_answer(sofy, engine_db):
    key = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = json.dumps({"type": "service_account", "client_email": "a@b.example", "private_key": key})
    asked = ["route", "add", "--connector", "google_rbm", "--base-url", "http://127.0.0.1:1", "--token-url"]
    asked += ["http://127.0.0.1:1/token", "--secret", "agent_id=martin", "--secret", f"service_account={account}"]

    made = _json(sofy(*asked, "--secret", "client_token=t", "--json"))

    assert made["callback"] == f"/hooks/google_rbm/{made['id']}"
    with engine_db.connect("admin") as admin:
        row = admin.execute("select channel, short_code, config::text from engine_route").fetchone()
    assert row[:2] == ("rcs", "martin")
    assert "PRIVATE KEY" not in row[2]


@pytest.mark.parametrize(
    ("_case", "arguments", "told"),
    [
        ("a secret that is none", ["--secret", "host=x"], "password"),
        ("a secret nobody knows", ["--secret", "pass=x"], "password"),
        ("no value", ["--secret", "verysecret"], "NAME=VALUE"),
        ("an address that is none", ["--base-url", "somewhere"], "base_url"),
        ("a port that is none", ["--base-url", "smpp://host:99999"], "base_url"),
        ("an address this connector has no use for", ["--token-url", "https://example.org/token"], "token_url"),
    ],
)
def test_an_address_or_a_secret_that_cannot_be_is_refused_in_words(sofy, _case, arguments, told):
    status, said = sofy("route", "add", "--connector", "smpp", *arguments, "--json")

    assert status == 1
    assert told in said


@pytest.mark.parametrize(
    ("_case", "arguments", "code"),
    [
        ("unknown client", ["segment", "count", "--client", "nobody", "--tree", "x"], "client_unknown"),
        ("unknown connector", ["route", "add", "x", "--connector", "pigeon"], "connector_unknown"),
        ("missing file", ["contacts", "import", "nowhere.csv", "--client", "zoe"], "file_missing"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_in_code(sofy, _case, arguments, code):
    sofy("client", "create", "Zoé", "--slug", "zoe")

    status, said = sofy(*arguments, "--json")

    assert status == 1
    assert json.loads(said)["error"] == code


@pytest.mark.parametrize(
    ("address", "code"),
    [("mysql://u:secret@h/d", "config"), ("postgresql://u:secret@127.0.0.1:1/d", "database_failed")],
)
def test_a_database_that_cannot_be_used_is_said_in_a_line(monkeypatch, capsys, address, code):
    monkeypatch.setenv("SOFY_DATABASE_URL", address)
    monkeypatch.setattr(runtime, "_admin_url", [])

    status = cli.main(["client", "create", "X", "--json"])

    said = capsys.readouterr().out
    assert (status, json.loads(said)["error"]) == (1, code)
    assert "secret" not in said


def test_a_mistyped_variable_is_noticed(monkeypatch, capsys):
    monkeypatch.setenv("SOFY_WEBPORT", "8001")

    cli.main(["clauses", "--json"])

    assert "did you mean SOFY_WEB_PORT?" in capsys.readouterr().err


def test_a_file_is_tried_then_imported(sofy, tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("Prénom;Portable;Accord SMS\nZoé;06 39 98 00 01;oui\nPaul;06 39 98 00 02;non\n;12;oui\n")
    sofy("client", "create", "Zoé", "--slug", "zoe")
    command = [
        "contacts",
        "import",
        str(path),
        "--client",
        "zoe",
        "--legal-basis",
        "consent",
        "--source",
        "till",
        "--json",
    ]

    tried = _json(sofy(*command, "--dry-run"))
    done = _json(sofy(*command))
    again = _json(sofy(*command))

    assert (tried["imported"], tried["rejected"], tried["import_id"], tried["book_id"]) == (2, 1, None, None)
    assert (done["imported"], done["reachable_sms"]) == (2, 1)
    assert (again["imported"], again["updated"], again["book_id"]) == (0, 2, done["book_id"])


def test_a_regulators_file_is_tried_added_and_asked_about(sofy, tmp_path):
    file = tmp_path / "numbers.txt"
    file.write_text("06 39 98 00 01\n06 39 98 00 02\n12\n")
    command = ("suppression", "import", str(file), "--list", "Bloctel", "--json")

    tried = _json(sofy(*command, "--dry-run"))
    before = _json(sofy("suppression", "count", "--json"))
    first, second = _json(sofy(*command)), _json(sofy(*command))

    assert (tried["new"], tried["refused"], tried["dry_run"], before["total"]) == (2, 1, True, 0)
    assert (first["new"], first["known"], first["refused"]) == (2, 0, 1)
    assert (second["new"], second["known"], second["id"]) == (0, 2, first["id"])
    assert _json(sofy("suppression", "count", "--json"))["total"] == 2
    found = _json(sofy("suppression", "check", "+33 6 39 98 00 01", "--json"))
    assert (found["stopped"], found["lists"]) == (True, ["Bloctel"])
    assert sofy("suppression", "check", "0639980009")[1].strip() == "Not stopped."
    assert _json(sofy("suppression", "import", "none.csv", "--list", "x", "--json"))["error"] == "file_missing"


def test_each_row_of_the_clauses_quotes_the_stored_terms_word_for_word(sofy):
    rows = _json(sofy("clauses", "--json"))["clauses"]

    words = {kind: " ".join(text.split()) for kind, text in (("CGVU", CGVU.text), ("DPA", DPA.text))}
    assert all(row["sentence"] in words[row["article"].split()[0]] for row in rows)
    assert all({"article", "sentence", "code", "tests", "screens"} <= set(row) for row in rows)
    late = [row for row in rows if row["article"] == "CGVU 7.1"]
    assert "sofy.billing.rules.lateness:interest" in late[0]["code"]
    assert "src/sofy/billing/tests/test_case_files.py::test_article_7_1" in late[0]["tests"]


def test_tests_are_found_by_the_article_they_carry(tmp_path):
    folder = tmp_path / "tests"
    folder.mkdir()
    (tmp_path / "src").mkdir()
    (folder / "test_a.py").write_text("@pytest.mark.clause('CGVU 14.1', 'DPA 5')\ndef test_a(): pass\n")

    assert clauses.tests_by_article(tmp_path) == {
        "CGVU 14.1": ["tests/test_a.py::test_a"],
        "DPA 5": ["tests/test_a.py::test_a"],
    }

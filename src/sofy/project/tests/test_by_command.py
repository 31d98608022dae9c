"""From an empty database to a launched campaign by commands alone, and a second run of each does nothing more."""

import io
import json

import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from sofy.audience.models import Contact
from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.project.commands.clients import find_client
from sofy.soreach.models import Campaign
from sofy.soreach.tests import factories

TEXT = "Zoé vous offre une baguette ce samedi. STOP SMS 36105"
EVERYBODY = '{"is": "all", "of": []}'
ROUTE = ["--short-code", "36105", "--price", "0.045"]
LOGIN = ["--set", "host=127.0.0.1", "--set", "port=2775", "--set", "system_id=a", "--set", "password=secret"]


@pytest.fixture
def said(sofy):
    """Run a command that must succeed; answers its object."""

    def run(*words):
        status, told = sofy(*words, "--json")
        assert status == 0, told
        return json.loads(told)

    return run


@pytest.fixture
def refused(sofy):
    """Run a command that must be refused; answers its code."""

    def run(*words):
        status, told = sofy(*words, "--json")
        assert status == 1, told
        return json.loads(told)["error"]

    return run


def _set_up(said, tmp_path):
    """Every step of the set-up, and the object each one answered."""
    (tmp_path / "contacts.csv").write_text(
        "prenom;portable;accord sms\nZoé;06 39 98 00 01;oui\nLéo;06 39 98 00 02;oui\n"
    )
    (tmp_path / "everybody.json").write_text(EVERYBODY)
    steps = [
        ["client", "create", "Zoé", "--slug", "zoe"],
        ["establishment", "add", "Zoé Terreaux", "--code", "LYO1", "--town", "Lyon", "--client", "zoe"],
        ["user", "create", "owner@example.org", "--client", "zoe"],
        ["user", "create", "m@example.org", "--client", "zoe", "--role", "store_manager", "--establishment", "LYO1"],
        ["apikey", "create", "till", "--client", "zoe", "--scope", "contacts:read"],
        ["route", "add", "main", *ROUTE, *LOGIN],
        ["sender", "add", "BLGZOE", "--client", "zoe"],
        ["contacts", "import", str(tmp_path / "contacts.csv"), "--client", "zoe", "--legal-basis", "consent",
         "--source", "till"],
        ["segment", "create", "Everybody", "--client", "zoe", "--tree", str(tmp_path / "everybody.json")],
        ["campaign", "launch", "--client", "zoe", "--name", "Bread", "--segment", "Everybody", "--sender", "BLGZOE",
         "--text", TEXT],
    ]  # fmt: skip
    return {" ".join(step[:2]) + (" manager" if "m@example.org" in step else ""): said(*step) for step in steps}


def test_an_empty_database_becomes_a_launched_campaign_and_a_second_run_is_harmless(said, tmp_path):
    from sofy.soreach.models import Campaign

    clock.install(lambda: clock.DEMO_START)

    first, second = _set_up(said, tmp_path), _set_up(said, tmp_path)

    with client_scope(find_client("zoe").pk):
        assert Campaign.objects.count() == 1
    assert first["campaign launch"]["status"] == "expanding"
    for step, answer in first.items():
        if "new" in answer:
            assert (answer["new"], second[step]["new"]) == (True, False), step
            assert answer["id"] == second[step]["id"], step
    assert first["apikey create"]["secret"] == first["apikey create"]["key"]
    assert not {"key", "secret"} & set(second["apikey create"])
    assert "password" not in second["user create"]
    assert second["segment create"]["size"] == 2


def test_a_client_is_found_by_its_name_unless_another_address_is_wanted(said):
    made = said("client", "create", "Zoé")
    again = said("client", "create", " Zoé ")
    other = said("client", "create", "Zoé", "--slug", "zoe-2")

    assert (again["id"], again["new"]) == (made["id"], False)
    assert other["new"]
    assert other["id"] != made["id"]


def test_a_key_of_the_same_name_with_other_rights_is_refused(said, refused):
    said("client", "create", "Zoé", "--slug", "zoe")
    said("apikey", "create", "till", "--client", "zoe", "--scope", "contacts:read")

    assert refused("apikey", "create", "till", "--client", "zoe", "--scope", "contacts:write") == "key_other_scopes"


def test_a_sender_may_be_named_either_way(said):
    said("client", "create", "Zoé", "--slug", "zoe")

    made = said("sender", "add", "--client", "zoe", "--name", "BLGZOE")
    again = said("sender", "add", "BLGZOE", "--client", "zoe")

    assert (made["name"], made["new"]) == ("BLGZOE", True)
    assert (again["id"], again["new"]) == (made["id"], False)


def test_a_sender_of_another_channel_is_one_of_its_own(said, refused):
    said("client", "create", "Zoé", "--slug", "zoe")

    made = said("sender", "add", "--client", "zoe", "--channel", "email", "--name", "bonjour@zoe.example")

    assert (made["channel"], made["new"]) == ("email", True)
    assert refused("sender", "add", "--client", "zoe", "--channel", "email", "--name", "ZOE") == "sender_email"


def test_a_template_is_written_channel_by_channel_and_read_back(said, refused):
    said("client", "create", "Zoé", "--slug", "zoe")
    add = ["template", "add", "--client", "zoe", "--code", "order_ready"]

    made = said(*add, "--channel", "sms", "--text", "Prête, {{prenom}}", "--purpose", "alert", "--sample", "prenom=Zoé")
    again = said(*add, "--channel", "email", "--text", "Prête", "--subject", "Commande {{numero}}")
    shown = said("template", "show", "--client", "zoe", "order_ready")
    listed = said("template", "list", "--client", "zoe")

    assert (made["new"], again["new"], again["id"], again["version"]) == (True, False, made["id"], 2)
    assert (shown["places"], shown["samples"]) == (["prenom", "numero"], {"prenom": "Zoé"})
    assert shown["contents"]["sms"] == {"text": "Prête, {{prenom}}"}
    assert [row["code"] for row in listed["templates"]] == ["order_ready"]
    assert refused("template", "show", "--client", "zoe", "nothing") == "template_unknown"
    assert refused(*add, "--channel", "sms") == "text_missing"
    assert refused(*add, "--channel", "fax", "--text", "x") == "template_channel"


def test_a_key_is_limited_to_networks_and_a_rate_and_a_second_run_is_harmless(said, refused):
    create = ["apikey", "create", "till", "--client", "zoe", "--scope", "messages:send"]
    limits = ["--from", "203.0.113.9/24", "--from", "2001:db8::1", "--per-10s", "50"]
    said("client", "create", "Zoé", "--slug", "zoe")

    made, again = said(*create, *limits), said(*create, *limits)

    assert made["networks"] == ["203.0.113.0/24", "2001:db8::1"]
    assert (again["id"], again["new"]) == (made["id"], False)
    assert refused(*create, "--from", "203.0.113.7") == "key_other_limits"
    assert refused(*create, *limits[:4]) == "key_other_limits"
    assert refused(*create, "--from", "here") == "network_unreadable"


@pytest.mark.parametrize(
    ("_case", "changed"),
    [("another text", ["--text", "Other. STOP SMS 36105"]), ("other people", ["--segment", "Nobody"])],
)
def test_another_campaign_under_the_same_name_is_refused(said, refused, tmp_path, _case, changed):
    clock.install(lambda: clock.DEMO_START)
    _set_up(said, tmp_path)
    said("segment", "create", "Nobody", "--client", "zoe", "--tree", '{"is": "any", "of": []}')
    given = {"--text": TEXT, "--segment": "Everybody"} | {changed[0]: changed[1]}
    words = [word for pair in given.items() for word in pair]

    assert refused("campaign", "launch", "--client", "zoe", "--name", "Bread", *words) == "campaign_name_taken"


def test_a_sender_that_no_sms_can_show_is_refused_in_words(said, refused, tmp_path):
    clock.install(lambda: clock.DEMO_START)
    _set_up(said, tmp_path)
    words = ["--segment", "Everybody", "--text", TEXT, "--sender", "bonjour@zoe.example"]

    assert refused("campaign", "launch", "--client", "zoe", "--name", "Cake", *words) == "sender_too_long"


def test_a_campaign_leaves_by_whatsapp_with_an_approved_template_and_values(said, refused, engine_db, tmp_path):
    clock.install(lambda: clock.DEMO_START)
    _set_up(said, tmp_path)
    factories.make_agent(engine_db.database.admin_url, channel="whatsapp", price="0.09")
    client = find_client("zoe")
    with client_scope(client.pk):
        factories.approve(client)
        for contact in Contact.objects.filter(client_id=client.pk):
            factories.agree_to_whatsapp(client, contact)
    words = ["campaign", "launch", "--client", "zoe", "--name", "Pies", "--segment", "Everybody"]
    chosen = [*words, "--channel", "whatsapp", "--template", "promo"]
    values = ["--value", "offre=-20 % ce samedi.", "--value", "carte=https://zoe.example/carte"]

    wrong = [
        refused(*words, "--channel", "whatsapp"),
        refused(*words, "--channel", "whatsapp", "--template", "other"),
        refused(*chosen, *values, "--value", "prix=3"),
        refused(*words, "--channel", "rcs", "--fallback", "whatsapp", "--template", "promo"),
    ]
    made, again = said(*chosen, *values), said(*chosen, *values)
    changed = refused(*chosen, *values, "--value", "offre=-30 %")

    assert wrong == ["whatsapp_template_none", "whatsapp_template_gone", "place_unknown", "text_missing"]
    assert (made["status"], made["new"], again["new"], again["id"]) == ("expanding", True, False, made["id"])
    assert changed == "campaign_name_taken"
    with client_scope(client.pk):
        (variant,) = Campaign.objects.get(pk=made["id"]).variants.all()
    assert variant.others["whatsapp"] == {
        "template": "promo",
        "values": {"prenom": "{{ prenom }}", "offre": "-20 % ce samedi.", "carte": "https://zoe.example/carte"},
    }


def test_a_draft_that_left_is_not_launched_again(said, tmp_path):
    clock.install(lambda: clock.DEMO_START)
    made = _set_up(said, tmp_path)["campaign launch"]

    again = said("campaign", "launch", "--client", "zoe", "--campaign", made["id"])

    assert (again["id"], again["new"], again["status"]) == (made["id"], False, "expanding")


def test_another_role_is_given_and_the_chain_holds_it(said):
    from sofy.clients.models import Membership
    from sofy.kit.models import AuditEntry

    said("client", "create", "Zoé", "--slug", "zoe")
    said("user", "create", "owner@example.org", "--client", "zoe")
    said("user", "create", "a@example.org", "--client", "zoe", "--role", "marketer")

    kept = said("user", "create", "a@example.org", "--client", "zoe")
    changed = said("user", "create", "a@example.org", "--client", "zoe", "--role", "auditor")

    client = find_client("zoe")
    with client_scope(client.pk):
        assert Membership.objects.get(user_id=kept["id"]).role == "auditor"
        assert AuditEntry.objects.filter(client_id=client.pk, action="member.role_changed").count() == 1
    assert (kept["role"], kept["place"]) == ("marketer", "kept")
    assert (changed["role"], changed["place"], changed["new"]) == ("auditor", "changed", False)


@pytest.mark.parametrize(
    ("_case", "words", "code"),
    [
        ("no such client", ["--client", "nope"], "client_unknown"),
        ("no such role", ["--client", "zoe", "--role", "king"], "role_unknown"),
        ("a manager of nothing", ["--client", "zoe", "--role", "store_manager"], "establishments_missing"),
        (
            "no such point of sale",
            ["--client", "zoe", "--role", "store_manager", "--establishment", "X"],
            "establishment_code_unknown",
        ),
        ("a role nowhere", ["--role", "marketer"], "role_without_client"),
        ("a weak password", ["--client", "zoe", "--password-file", "WEAK"], "password_weak"),
    ],
)
def test_a_person_who_cannot_be_given_a_place_is_not_made(said, refused, tmp_path, _case, words, code):
    from sofy.accounts.models import User

    (tmp_path / "weak").write_text("sofy")
    said("client", "create", "Zoé", "--slug", "zoe")
    given = [str(tmp_path / "weak") if word == "WEAK" else word for word in words]

    assert refused("user", "create", "a@example.org", *given) == code

    assert not User.objects.filter(email="a@example.org").exists()


def test_the_last_owner_stays_one(said, refused):
    said("client", "create", "Zoé", "--slug", "zoe")
    said("user", "create", "a@example.org", "--client", "zoe")

    assert refused("user", "create", "a@example.org", "--client", "zoe", "--role", "auditor") == "last_owner"


@pytest.mark.parametrize("role", ["web", "staff", "engine", "owner"])
def test_a_role_is_named_short_or_whole(said, role):
    assert said("db", "url", "--role", role) == said("db", "url", "--role", f"sofy_{role}")


def test_a_protected_sheet_is_opened_with_its_password(said, refused, tmp_path):
    plain, locked, password = io.BytesIO(), tmp_path / "locked.xlsx", tmp_path / "password"
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as book:
        book.add_worksheet().write_column(0, 0, ["Portable", "0639980001"])
    with locked.open("wb") as target:
        OOXMLFile(plain).encrypt("open sesame", target)
    password.write_text("open sesame\n")
    said("client", "create", "Zoé", "--slug", "zoe")
    command = ["contacts", "import", str(locked), "--client", "zoe"]

    assert refused(*command) == "file_password_needed"
    assert said(*command, "--password-file", str(password))["imported"] == 1


def test_a_file_that_cannot_be_imported_leaves_no_book_behind(said, refused, tmp_path):
    from sofy.audience.models import Book

    (tmp_path / "empty.csv").write_text("")
    said("client", "create", "Zoé", "--slug", "zoe")

    assert refused("contacts", "import", str(tmp_path / "empty.csv"), "--client", "zoe") == "file_empty"

    client = find_client("zoe")
    with client_scope(client.pk):
        assert not Book.objects.exists()


def test_tables_are_laid_over_a_cluster_only_where_there_is_one(said, refused):
    printed = said("db", "distribute", "--print")["statements"]

    assert refused("db", "distribute") == "citus_missing"
    assert printed[0] == "SELECT create_distributed_table('engine_message', 'client_id')"


@pytest.mark.clause("DPA 9")
def test_channels_are_switched_off_and_on_by_command(said, refused):
    said("client", "create", "Le Fournil", "--slug", "fournil")
    first = said("client", "channels", "fournil")
    off = said("client", "channels", "fournil", "--off", "whatsapp", "--off", "rcs")
    ordered = said("client", "channels", "fournil", "--on", "rcs", "--ladder", "rcs:600,sms")
    back = said("client", "channels", "fournil", "--on", "whatsapp", "--ladder", "default")

    assert (first["off"], first["ladder"]) == ([], [])
    assert off["off"] == ["rcs", "whatsapp"]
    assert ordered == {
        "client": "fournil", "off": ["whatsapp"],
        "ladder": [{"channel": "rcs", "after_s": 600}, {"channel": "sms", "after_s": 14_400}],
    }  # fmt: skip
    assert back == first
    for words, code in (
        (["--off", "fax"], "channel_unknown"),
        (["--on", "fax"], "channel_unknown"),
        (["--on", "rcs", "--off", "rcs"], "channel_on_and_off"),
        (["--ladder", "rcs:soon"], "ladder_unreadable"),
        (["--ladder", "rcs,rcs"], "ladder_twice"),
        (["--ladder", ""], "channel_unknown"),
    ):
        assert refused("client", "channels", "fournil", *words) == code
    assert refused("client", "channels", "nobody") == "client_unknown"

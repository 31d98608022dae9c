"""`sofy price`: dated rows of what messages cost."""

import json
from pathlib import Path

import pytest

ROUTE = ["--set", "host=127.0.0.1", "--set", "port=2775", "--set", "system_id=a", "--secret", "password=secret"]
NUMBER = "+33639980001"


def told(answer):
    return json.loads(answer[1].strip().splitlines()[-1])


@pytest.fixture
def price(sofy):
    """Adds a price; answers its id."""
    sofy("client", "create", "Zoé", "--slug", "zoe")
    sofy("route", "add", "main", "--price", "0.02", *ROUTE)

    def add(*arguments):
        answer = sofy("price", "add", *arguments, "--json")
        assert answer[0] == 0, answer
        return told(answer)["id"]

    return add


def test_the_order_form_wins_over_the_list_and_a_route_costs_what_its_row_says(sofy, price):
    price("--list", "--channel", "sms", "--country", "FR", "--price", "0.06", "--from", "2026-01-01")
    price("--client", "zoe", "--country", "FR", "--price", "0,045", "--from", "2026-02-01")
    price("--route", "main", "--country", "FR", "--price", "0.031", "--from", "2026-02-01")

    before = told(sofy("price", "find", NUMBER, "--client", "zoe", "--on", "2026-01-31", "--json"))
    after = told(sofy("price", "find", NUMBER, "--client", "zoe", "--on", "2026-02-01", "--json"))

    assert (before["destination"], before["sale_eur"], before["purchases"][0]["price_eur"]) == (
        *("FR", "0.060000", "0.020000"),
    )
    assert (after["sale_eur"], after["purchases"][0]["price_eur"]) == ("0.045000", "0.031000")


def test_a_price_in_force_is_not_changed_and_one_to_come_may_be_put_right(sofy, price):
    price("--list", "--price", "0.06", "--from", "2026-01-01")

    refused = sofy("price", "add", "--list", "--price", "0.05", "--from", "2026-02-01", "--json")
    price("--list", "--price", "0.07", "--from", "2099-01-01")
    price("--list", "--price", "0.08", "--from", "2099-01-01")

    assert (refused[0], told(refused)["error"]) == (1, "price_past")
    rows = told(sofy("price", "list", "--json"))["prices"]
    assert [(row["price_eur"], row["state"]) for row in rows] == [
        *(("0.080000", "future"), ("0.070000", "future"), ("0.060000", "current")),
    ]
    assert told(sofy("price", "find", NUMBER, "--on", "2099-01-01", "--json"))["sale_eur"] == "0.080000"


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize(
    ("_case", "arguments", "code"),
    [
        ("no such route", ["--route", "nobody"], "route_unknown"),
        ("no such client", ["--client", "nobody"], "client_unknown"),
        ("no such country", ["--list", "--country", "France"], "price_country"),
        ("a network of no country", ["--list", "--network", "Orange"], "price_network"),
        ("no such channel", ["--list", "--channel", "fax"], "price_channel"),
        ("a purpose of a route", ["--route", "main", "--purpose", "alert"], "price_purpose"),
        ("no price", ["--list", "--price", "cheap"], "price_unreadable"),
        ("no day", ["--list", "--from", "soon"], "day_unreadable"),
    ],
)
def test_what_is_no_price_is_refused_in_words(sofy, price, _case, arguments, code):
    usual = [] if "--price" in arguments else ["--price", "0.05"]
    usual += [] if "--from" in arguments else ["--from", "2026-12-01"]

    answer = sofy("price", "add", *arguments, *usual, "--json")

    assert (answer[0], told(answer)["error"]) == (1, code)
    assert len(told(answer)["message"]) > 20


def test_a_file_of_prices_is_added_whole_or_not_at_all(sofy, price, tmp_path: Path):
    head = "route;client;channel;purpose;country;network;price_eur;valid_from\n"
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(
        head + "main;;;;FR;Orange;0,03;2026-11-01\n;zoe;sms;alert;FR;;0,05;2026-11-01\n;;;;;;0,09;2026-11-01\n"
    )
    bad.write_text(head + ";;;;BE;;0,10;2026-11-01\n;;;;BE;;free;2026-11-01\n")

    refused = sofy("price", "import", str(bad), "--json")
    added = sofy("price", "import", str(good), "--json")

    assert (refused[0], told(refused)["error"], told(refused)["line"]) == (1, "price_unreadable", 3)
    assert len(told(added)["ids"]) == 3
    assert len(told(sofy("price", "list", "--json"))["prices"]) == 3


def test_a_table_of_prefixes_says_the_network(sofy, price, tmp_path: Path):
    table = tmp_path / "prefixes.csv"
    table.write_text("prefix,country,network\n336,FR,\n+33639,FR,Fiction\n")
    sofy("price", "networks", str(table))
    price("--route", "main", "--country", "FR", "--network", "Fiction", "--price", "0.028", "--from", "2026-01-01")

    found = told(sofy("price", "find", NUMBER, "--on", "2026-02-01", "--json"))

    assert (found["destination"], found["purchases"][0]["price_eur"]) == ("FR/Fiction", "0.028000")
    table.write_text("prefix,country,network\n0639,FR,Fiction\n")
    refused = sofy("price", "networks", str(table), "--json")
    assert (refused[0], told(refused)["error"]) == (1, "price_prefix")

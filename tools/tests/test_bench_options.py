"""What is asked of a bench wrongly is one line and status 2; what it answers is one line of JSON, always alike."""

import importlib
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tools.bench import bank, campaign, growth, options

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.project import cli, worker
from sofy.project.commands import benches

FIELDS = {"name", "n", "seconds", "per_second", "p50_ms", "p99_ms", "rss_mb"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The benches that were started, without the interpreter in front; the second one fails."""
    commands: list[list[str]] = []

    def run(command: list[str], **_named: Any) -> SimpleNamespace:
        commands.append(command[2:])
        return SimpleNamespace(returncode=3 if len(commands) == 2 else 0)

    monkeypatch.setattr(benches, "subprocess", SimpleNamespace(run=run))
    return commands


@pytest.mark.parametrize(
    ("_case", "bench", "given", "said"),
    [
        ("no port", "campaign", ["--smsc", "nohost"], "'nohost' is not HOST:PORT"),
        ("no host", "campaign", ["--smsc", ":2775"], "':2775' is not HOST:PORT"),
        ("a port that is none", "campaign", ["--smsc", "127.0.0.1:99999"], "is not HOST:PORT"),
        ("a port of letters", "campaign", ["--smsc", "127.0.0.1:smpp"], "is not HOST:PORT"),
        ("nobody", "campaign", ["--recipients", "0"], "'0' is not a whole number from 1 to 1,000,000"),
        ("more than there are numbers", "campaign", ["--recipients", "1000001"], "'1000001' is not a whole number"),
        ("no contacts to count", "segment", ["--contacts", "0"], "'0' is not a whole number"),
        ("less than no contacts", "segment", ["--contacts", "-3"], "'-3' is not a whole number"),
        ("no rounds of a segment", "segment", ["--rounds", "0"], "'0' is not a whole number"),
        ("no contacts to show", "pages", ["--contacts", "0"], "'0' is not a whole number"),
        ("less than no contacts to show", "pages", ["--contacts", "-3"], "'-3' is not a whole number"),
        ("rounds in words", "pages", ["--rounds", "ten"], "'ten' is not a whole number from 1 to 10,000"),
        ("no size", "growth", ["--sizes", "0"], "'0' is not a whole number"),
        ("one size wrong", "growth", ["--sizes", "10", "1e6"], "'1e6' is not a whole number"),
        ("sizes forgotten", "growth", ["--sizes"], "expected at least one argument"),
        ("no rounds of anything", "growth", ["--rounds", "0"], "'0' is not a whole number"),
        ("rows in powers", "growth", ["--rows", "1000000,3e7"], "'3e7' is not a whole number from 1 to 100,000,000"),
        ("clients that are none", "growth", ["--clients", "1,0"], "'0' is not a whole number from 1 to 10,000"),
        ("no such part", "growth", ["--only", "disk"], "invalid choice: 'disk'"),
        ("campaigns to nobody", "growth", ["--campaigns-to", "0"], "'0' is not a whole number"),
        ("no rows", "imports", ["--rows", "0"], "'0' is not a whole number"),
        ("more rows than there are numbers", "imports", ["--rows", "2000000"], "'2000000' is not a whole number"),
        ("a format it does not write", "imports", ["--format", "pdf"], "invalid choice: 'pdf'"),
        ("no messages", "single", ["--messages", "0"], "'0' is not a whole number from 1 to 1,000,000"),
        ("more connections than anybody opens", "single", ["--connections", "2000"], "'2000' is not a whole number"),
        ("nobody to send to", "route", ["--messages", "-1"], "'-1' is not a whole number from 1 to 1,000,000"),
        ("a batch larger than any", "route", ["--batch", "10001"], "'10001' is not a whole number from 1 to 10,000"),
        ("an SMSC without a port", "route", ["--smsc", "nohost"], "'nohost' is not HOST:PORT"),
        ("more people than leave numbers for alerts", "lanes", ["--recipients", "500001"], "from 1 to 500,000"),
        ("more alerts than there are numbers", "lanes", ["--per-second", "501"], "'501' is not a whole number"),
        ("no lines", "bank", ["--entries", "0"], "'0' is not a whole number from 1 to 1,000,000"),
        ("nobody to invoice", "invoices", ["--contracts", "0"], "'0' is not a whole number from 1 to 10,000"),
        ("nothing happens", "case", ["--events", "0"], "'0' is not a whole number from 1 to 20,000"),
        ("an option of another bench", "imports", ["--smsc", "127.0.0.1:1"], "unrecognized arguments"),
    ],
)
def test_a_bad_option_is_one_line_and_status_2(
    _case: str, bench: str, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    module = importlib.import_module(f"tools.bench.{bench}")

    with pytest.raises(SystemExit) as ended:
        module.main([*given, "--json"])
    printed = capsys.readouterr()

    assert ended.value.code == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"sofy bench {bench.removesuffix('s') if bench == 'imports' else bench}: ")
    assert said in printed.err


@pytest.mark.parametrize(
    ("_case", "found", "flat"),
    [
        ("as long as they may", {"rows": {3: {"ratio": 1.3}}, "clients": {1000: {"ratio": 1.5}}}, True),
        ("rows cost too much", {"rows": {1: {"ratio": 1.0}, 30: {"ratio": 1.31}}}, False),
        ("clients cost too much", {"clients": {1: {"ratio": 1.0}, 1000: {"ratio": 1.51}}}, False),
        ("only fewer rows cost too much", {"rows": {10: {"ratio": 1.4}, 30: {"ratio": 1.2}}}, True),
        ("somebody got two", {"engines": {1: {"served_twice": 0}, 2: {"served_twice": 1}}}, False),
        ("nobody got two", {"engines": {1: {"served_twice": 0}, 2: {"served_twice": 0}}}, True),
    ],
)  # fmt: skip
def test_growth_ends_well_where_claims_stay_as_quick_and_nobody_gets_two(_case: str, found: dict[str, Any], flat: bool):
    assert growth.is_flat(found) is flat


def test_an_smsc_that_does_not_answer_is_told_before_anything_is_prepared(capsys: pytest.CaptureFixture[str]):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        with pytest.raises(SystemExit) as ended:
            campaign.main(["--smsc", f"127.0.0.1:{port}"])

    assert ended.value.code == 2
    assert f"nobody answers at 127.0.0.1:{port}" in capsys.readouterr().err


def test_the_whole_block_that_is_given_to_nobody_may_receive_a_campaign(tmp_path: Path):
    campaign._write_contacts(tmp_path / "few.csv", 3)
    read: Callable[[str], int] = options.whole(options.RESERVED)

    assert read("1000000") == 1_000_000
    assert (tmp_path / "few.csv").read_text().splitlines()[-1].split(";")[2] == "07 00 00 0002"


@pytest.mark.parametrize(
    ("_case", "given", "lines"),
    [
        ("with tables", ["all"], []),
        ("lines alone, asked for before", ["--json", "all"], ["--json"]),
        ("lines alone, asked for behind", ["all", "--json"], ["--json"]),
    ],
)
def test_all_runs_every_bench_and_prints_nothing_of_its_own(
    _case: str, given: list[str], lines: list[str], started: list[list[str]], capsys: pytest.CaptureFixture[str]
):
    status = cli.main(["bench", *given])

    assert started == [
        ["tools.bench.bank", *lines],
        ["tools.bench.campaign", *lines],
        ["tools.bench.campaign", "--expansion-only", *lines],
        ["tools.bench.case", *lines],
        ["tools.bench.email", *lines],
        ["tools.bench.esme", *lines],
        ["tools.bench.growth", *lines],
        ["tools.bench.imports", *lines],
        ["tools.bench.imports", "--format", "xlsx", *lines],
        ["tools.bench.invoices", *lines],
        ["tools.bench.lanes", "--recipients", "100000", *lines],
        ["tools.bench.pages", *lines],
        ["tools.bench.route", *lines],
        ["tools.bench.segment", *lines],
        ["tools.bench.single", *lines],
        ["tools.bench.webhook_in", *lines],
    ]
    assert capsys.readouterr().out == ""
    assert status == 3


@pytest.mark.parametrize(
    ("_case", "given", "said"),
    [
        ("no such bench", ["speed"], "there is no bench 'speed': choose among bank, campaign, case, email,"),
        ("no such bench, for a program", ["speed", "--json"], "there is no bench 'speed'"),
        ("options for all", ["all", "--rows", "3"], "all takes no options but --json (--rows 3)"),
    ],
)
def test_what_no_bench_can_be_asked_is_one_line_and_status_2(
    _case: str, given: list[str], said: str, started: list[list[str]], capsys: pytest.CaptureFixture[str]
):
    status = cli.main(["bench", *given])
    printed = capsys.readouterr()

    assert status == 2
    assert started == []
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert said in printed.err


def test_an_expansion_answers_with_the_times_of_its_batches(
    engine_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worker, "tune_interpreter", lambda: None)
    shifted = FileClock(tmp_path / "clock", environment="test")
    shifted.advance_to(clock.DEMO_START)
    clock.install(shifted)

    bench = campaign.Bench(engine_db.database, 30, tmp_path, campaign.NOWHERE, link=False)
    try:
        found = {"name": "expansion", "n": 30} | bench.expansion_alone()
    finally:
        bench.conn.close()

    assert set(found) >= FIELDS
    assert found["batches"] == 1
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["seconds"] * 1000


def test_a_statement_of_every_kind_of_line_is_matched_as_it_was_meant():
    found = bank.run(400)

    assert set(found) >= FIELDS
    assert found["n"] == found["matched"] + found["returned"] + found["fees"] + found["queue"] == 400
    assert min(found[kind] for kind in ("matched", "returned", "fees", "queue")) > 0

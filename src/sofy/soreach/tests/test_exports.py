"""Reports of many people: written by a job, encrypted, for whoever asked, for a week."""

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.conf import settings

from sofy.accounts.tests.factories import make_user
from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach.models import ReportFile
from sofy.soreach.services import exports, retention


@pytest.fixture
def campaign(world: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(exports, "DIRECT", 5)
    return world.sent()


def ask(world: Any, campaign: Any, kind: str = "csv", **who: Any) -> tuple[Any, str]:
    """Somebody asks for the report; answers their browser and the page that waits."""
    browser = world.browser(**who)
    return browser, browser.get(world.url(campaign, f"report.{kind}"))["Location"]


def run_job(world: Any) -> ReportFile:
    with client_scope(world.client.pk):
        row = ReportFile.objects.get()
    exports.write(world.client.pk, row.pk)
    return row


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize(("language", "title"), [("fr", "Nom"), ("en", "Last name")])
def test_the_file_comes_later_whole_and_in_the_readers_language(world, campaign, language, title):
    browser, page = ask(world, campaign, language=language)
    waiting = browser.get(page)
    too_early = browser.get(page + "/content")
    run_job(world)

    ready = browser.get(page, headers={"hx-request": "true"})
    content = body_of(browser.get(page + "/content"))

    assert "data-live" in waiting.text
    assert too_early.status_code == 404
    assert "data-live" not in ready.text
    assert "<html" not in ready.text
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert len(table) == 1 + 12 + 1
    assert title in table[0]


def test_a_sheet_comes_later_too(world, campaign):
    browser, page = ask(world, campaign, "xlsx")
    run_job(world)

    book = openpyxl.load_workbook(io.BytesIO(body_of(browser.get(page + "/content"))))

    assert book.worksheets[1].max_row == 1 + 12 + 1


def test_more_people_than_a_sheet_holds_are_told_so(world, campaign, monkeypatch):
    monkeypatch.setattr(exports, "MOST_IN_SHEET", 5)
    browser, page = ask(world, campaign, "xlsx")

    assert page.endswith("/report")
    assert "take the table" in browser.get(page).text
    with client_scope(world.client.pk):
        assert not ReportFile.objects.exists()


def test_few_people_have_it_at_once(world, campaign, monkeypatch):
    monkeypatch.setattr(exports, "DIRECT", 50)

    answer = world.browser().get(world.url(campaign, "report.csv"))

    assert answer.status_code == 200
    assert answer.content.count(b"\r\n") == 14


@pytest.mark.clause("DPA 7")
def test_the_file_is_encrypted_and_for_whoever_asked(world, campaign):
    _browser, page = ask(world, campaign)
    row = run_job(world)
    colleague = world.browser(user=make_user(client=world.client))

    stored = settings.SOFY.var_dir / "files" / str(world.client.pk) / str(row.pk)

    assert "Prénom".encode() not in stored.read_bytes()
    assert colleague.get(page).status_code == 404
    assert colleague.get(page + "/content").status_code == 404


def test_a_store_manager_finds_their_own_shop_only(world, campaign):
    manager = make_user(client=world.client, role="store_manager", establishments=world.shops())
    with client_scope(world.client.pk):
        world.client.viewer_establishments = frozenset(world.shops())
        row = exports.by_job(world.client, campaign, kind="csv", language="fr", actor=manager.actor)
    exports.write(world.client.pk, row.pk)

    with client_scope(world.client.pk):
        row.refresh_from_db()
        content = exports.open_file(row).read()

    assert content.count(b"\r\n") == 1  # nobody of the campaign has that shop


def test_a_job_that_runs_twice_writes_once_and_a_week_later_nothing_is_left(world, campaign, at):
    browser, page = ask(world, campaign)
    row = run_job(world)
    exports.write(world.client.pk, row.pk)
    stored = settings.SOFY.var_dir / "files" / str(world.client.pk) / str(row.pk)
    assert stored.exists()
    at(clock.now() + timedelta(days=8))

    late = browser.get(page)
    retention.expire(world.client.pk)

    assert late.status_code == 404
    assert not stored.exists()
    with client_scope(world.client.pk):
        assert not ReportFile.objects.exists()

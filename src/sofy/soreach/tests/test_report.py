import csv
import dataclasses
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.utils import translation
from django.utils.translation import override
from pypdf import PdfReader

from sofy.engine import statuses
from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import export, figures, files, report, words
from sofy.soreach.models import Campaign, Click, ShortLink, TrackedLink, Variant
from sofy.soreach.tests import factories


def click(world, campaign, number, *, human=True):
    with client_scope(world.client.pk):
        link = ShortLink.objects.order_by("contact_id")[number]
        Click.objects.create(
            client_id=world.client.pk, campaign_id=campaign.id, link_id=link.link_id, contact_id=link.contact_id,
            variant="A", at=clock.now(), score=0 if human else 100, human=human,
        )  # fmt: skip


@pytest.fixture
def campaign(world):
    """Twelve recipients: nine delivered, one failed, one withheld, one unknown; two people clicked, one said STOP."""
    campaign = world.sent()
    for number, human in ((0, True), (0, True), (1, True), (2, False)):
        click(world, campaign, number, human=human)
    with world.database.connect("admin", autocommit=True) as admin:
        factories.say_stop(admin, campaign, 3)
    return world.reload(campaign)


@pytest.fixture
def built(world, campaign):
    with client_scope(world.client.pk):
        return report.build(campaign)


def people(world, campaign, figure):
    with client_scope(world.client.pk):
        return report.people(campaign, figure, limit=100)


@pytest.mark.clause("CGVU 3.3")
def test_the_figures_account_for_everybody(built):
    shown = built.progress

    assert dict(built.funnel) == {"audience": 13, "recipients": 12, "handed_over": 11, "received": 9, "clicked": 2}
    assert (shown.failed, shown.by_status["unknown"], shown.by_status["withheld"], shown.waiting) == (1, 1, 1, 0)
    assert shown.received + shown.failed + shown.by_status["unknown"] + shown.by_status["withheld"] == shown.recipients
    assert (shown.stops, built.machines, built.visits_machine, built.visits_human) == (1, 1, 1, 3)
    assert sum(n for _at, n in built.timeline) == shown.received
    assert sum(map(sum, built.heat)) == shown.received
    assert built.heat[1][14] == 9  # a Tuesday at 14:30
    assert built.excluded == {"no_consent": 1}


@pytest.mark.parametrize(("language", "hour"), [("fr", "14\u00a0h"), ("en", "14:00")])
def test_hours_are_written_as_the_language_does(world, campaign, built, language, hour):
    with client_scope(world.client.pk), translation.override(language):
        summaries = [figure.summary for figure in figures.figures(campaign, built)]

    assert any(hour in summary for summary in summaries), summaries


def test_only_what_was_handed_over_costs(built):
    assert (built.parts, str(built.cost_eur)) == (11, "0.50")  # eleven parts at 0,045


@pytest.mark.parametrize(
    ("figure", "count"),
    [
        ("recipients", 12),
        ("handed_over", 11),
        ("received", 9),
        ("failed", 1),
        ("waiting", 0),
        ("clicked", 2),
        ("machines", 1),
        ("stops", 1),
        ("replies", 0),
        ("status:unknown", 1),
        ("reason:failed:absent_subscriber", 1),
        ("reason:expired:absent_subscriber", 0),
        ("reason:absent_subscriber", 0),
        ("excluded", 1),
        ("excluded:no_consent", 1),
        ("excluded:opposed", 0),
        ("variant:A", 12),
        ("establishment:", 12),
    ],
)
def test_each_figure_has_its_people(world, campaign, figure, count):
    assert len(people(world, campaign, figure)) == count


@pytest.mark.parametrize("figure", ["", "nothing", "status", "x:1", "reason'; DROP"])
def test_what_is_no_figure_has_none(world, campaign, figure):
    assert people(world, campaign, figure) in (None, [])


def test_people_come_in_pages(world, campaign):
    with client_scope(world.client.pk):
        first = report.people(campaign, "recipients", limit=7)
        assert first
        rest = report.people(campaign, "recipients", after=first[-1].contact_id, limit=7)

    assert rest
    assert (len(first), len(rest)) == (7, 5)
    assert first[-1].contact_id < rest[0].contact_id


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "9 personnes sur 12 l’ont reçu\u00a0; 2 ont cliqué\u00a0; 1 STOP."),
        ("en", "9 people out of 12 received it; 2 people clicked; 1 STOP."),
    ],
)
def test_the_sentence(built, language, expected):
    with override(language):
        assert words.sentence(built) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "9 e-mails sur 12 ont été acceptés par les messageries\u00a0; 2 ont cliqué\u00a0; 0 s’est désinscrit."),
        ("en", "9 mails out of 12 were taken by the mail servers; 2 people clicked; 0 unsubscribed."),
    ],
)
def test_a_campaign_by_email_tells_what_mail_servers_took_not_who_received_it(built, language, expected):
    mails = dataclasses.replace(built, only_channel="email")

    with override(language):
        said, labels = words.sentence(mails), [label for label, _value, _code in figures.key_figures(mails)]

    assert said == expected
    assert not {"Reçu", "Received", "STOP"} & set(labels)
    assert "received" not in dict(mails.funnel)
    with override("fr"):
        assert words.step_text("handed_over", "email") == "Remis au serveur de messagerie"
        assert words.step_text("handed_over", "sms") == "Remis à l’opérateur"
        assert words.step_text("handed_over") == "Transmis"


def test_mails_that_were_taken_count_by_point_of_sale_and_by_variant(world, campaign, monkeypatch):
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute(
            "UPDATE engine_state SET status = 'submitted', rank = 20 WHERE campaign_id = %s AND status = 'delivered'",
            [campaign.id],
        )
    monkeypatch.setattr(Campaign, "only_channel", "email")

    with client_scope(world.client.pk), override("en"):
        mails = report.build(campaign)
        columns = figures.variant_columns(mails)

    assert [sum(group.received for group in groups) for groups in (mails.establishments, mails.variants)] == [9, 9]
    assert columns[2] == "Taken by mail servers"


def test_a_reason_of_a_mail_names_no_operator():
    with override("fr"):
        assert words.reason_text("failed", "refused_permanent") == "Non reçu\u00a0: refusé par l’opérateur"
        assert words.reason_text("failed", "refused_permanent", "email") == (
            "Non reçu\u00a0: refusé par le serveur de messagerie"
        )
        assert words.reason_text("excluded", "invalid", "email") == "Sans adresse e-mail valide"


def test_variants_are_compared_on_who_received_them(world):
    campaign = world.draft(60, text="a https://a.example STOP SMS 36111", status="expanding", launched_at=clock.now())
    with client_scope(world.client.pk):
        Variant.objects.create(client_id=world.client.pk, campaign=campaign, label="B", source="b STOP SMS 36111")
    campaign = world.sent(name="autre")

    with client_scope(world.client.pk):
        built = report.build(campaign)

    assert built.verdict.kind == "not_enough_data"


def test_report_files_are_french_and_stand_alone(world, campaign, tmp_path):
    with client_scope(world.client.pk):
        html, pdf = files.write_report(campaign, tmp_path / "deep" / "folder")

    page = html.read_text()
    assert "9 personnes sur 12 l’ont reçu" in page
    assert page.count("<svg") >= 4
    outside = page.replace("http://www.w3.org/2000/svg", "").replace("https://a.example/x", "")
    assert "http" not in outside
    read = PdfReader(pdf)
    text = " ".join(sheet.extract_text() for sheet in read.pages)
    assert "9 personnes sur 12 l’ont reçu" in " ".join(text.split())
    root: Any = read.trailer["/Root"]
    assert root["/Lang"].startswith("fr")


def test_a_hostile_name_stays_text_in_the_report(world, tmp_path):
    campaign = world.sent(name='<script>alert(1)</script> #image("/etc/passwd")')

    with client_scope(world.client.pk):
        html, pdf = files.write_report(campaign, tmp_path)

    assert "<script>" not in html.read_text()
    assert "#image" in PdfReader(pdf).pages[0].extract_text()


@pytest.mark.parametrize(
    ("_case", "text", "expected"),
    [
        ("formula", "=1+1", "'=1+1"),
        ("plus", "+33612345678", "'+33612345678"),
        ("minus", "-1", "'-1"),
        ("at", "@SUM(A1)", "'@SUM(A1)"),
        ("tab", "\t=1", "'\t=1"),
        ("space before", " =1", "' =1"),
        ("a name", "Élise", "Élise"),
        ("a number", 3, 3),
    ],
)
def test_cells_are_never_formulas(_case, text, expected):
    assert export.plain_cell(text) == expected


@pytest.fixture
def hostile(world):
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 77, first_name='=HYPERLINK("http://x")', last_name="@b")
    return world.sent(text="a STOP SMS 36111")


def test_csv_has_everybody_and_no_formula(world, hostile):
    world.client.viewer_establishments = None
    with client_scope(world.client.pk), override("en"):
        content = export.to_csv(world.client, hostile)

    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Contact", "First name", "Last name"]
    assert rows[1][1:3] == ['\'=HYPERLINK("http://x")', "'@b"]
    assert len(rows) == 2


@pytest.mark.parametrize("status", statuses.LATTICE)
def test_every_status_has_a_french_word(status):
    with override("fr"):
        assert words.status_text(status).lower() != status


def test_xlsx_opens_with_two_sheets_and_no_formula(world, hostile):
    with client_scope(world.client.pk), override("en"):
        book = openpyxl.load_workbook(io.BytesIO(export.to_xlsx(world.client, hostile)))

    assert book.sheetnames == ["Figures", "People"]
    cells = [cell for row in book["People"].iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert book["People"]["B2"].value.startswith("'=HYPERLINK")


def test_figures_link_to_people_that_exist(world, campaign, built):
    with client_scope(world.client.pk):
        for figure in figures.figures(campaign, built):
            assert len(figure.links) in (0, len(figure.rows))
            for code in filter(None, figure.links):
                assert report.people(campaign, code) is not None


def test_people_without_a_shop_are_no_shop(world, campaign, built):
    shops = [report.Group(key=key, recipients=4, received=3, clicked=1, replied=0, stops=0) for key in ("", "a", "b")]

    with client_scope(world.client.pk), override("en"):
        made = figures.figures(campaign, dataclasses.replace(built, establishments=shops))

    (by_shop,) = [figure for figure in made if figure.id == "establishments"]
    assert by_shop.summary == "2 points of sale."
    assert len(by_shop.rows) == 3


def test_the_rate_is_that_of_the_last_minute(world):
    campaign = world.sent()

    with client_scope(world.client.pk):
        assert report.recent_rate(campaign, clock.now() + timedelta(seconds=10)) > 0
        assert report.recent_rate(campaign, clock.now() + timedelta(minutes=5)) == 0


def test_links_are_counted_per_person(world, built, campaign):
    with client_scope(world.client.pk):
        target = TrackedLink.objects.get(campaign=campaign).target

    assert built.links == [(target, 2, 1)]

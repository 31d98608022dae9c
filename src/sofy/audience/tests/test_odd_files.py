"""Files as shops send them: what a person would see at once, the import sees too."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import odswriter
import pytest
import xlsxwriter

from sofy.audience.imports import columns, read, run, sheet_errors, values
from sofy.audience.imports.rows import Reading, Record, reader, unreadable
from sofy.kernel import clock
from sofy.kernel.errors import Refused


def records(content: bytes, **options: Any) -> tuple[list[str], list[Record]]:
    """What the columns of a file are taken for, and its rows as records."""
    table = read.open_table(io.BytesIO(content), **options)
    above, found = columns.guess(run.sample(table))
    mapping = [column.field for column in found]
    kinds = {c.field[10:]: (c.kind, c.private) for c in found if c.field.startswith("attribute:")}
    read_row = reader(Reading(mapping, kinds, True, True, clock.DEMO_START.date()))
    rows = [unreadable(n) if cells is None else read_row(n, cells) for n, cells in run.data_rows(table, above)]
    return mapping, rows


def phones(rows: Sequence[Record]) -> list[list[str]]:
    return [[number.e164 for number in row.phones] for row in rows]


def workbook(fill: Callable[[Any], None]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        fill(book)
    return target.getvalue()


def sheet(book: Any, *rows: Sequence[Any], name: str | None = None) -> Any:
    made = book.add_worksheet(name)
    for number, row in enumerate(rows):
        made.write_row(number, 0, row)
    return made


@pytest.mark.parametrize(
    ("_case", "encoding", "text"),
    [
        ("old Mac", "mac_roman", "Prénom;Nom;Portable\rÉlodie;Sœur;06 39 98 00 01\rNoël;Thévenot;06 39 98 00 02\r"),
        ("Windows, tabs", "utf-16", "Prénom\tNom\tPortable\nÉlodie\tSœur\t0639980001\nNoël\tThévenot\t0639980002\n"),
        ("DOS", "cp850", "Prénom;Nom;Portable\r\nÉlodie;Sur;0639980001\r\nNoël;Thévenot;0639980002\r\n"),
        ("bars", "utf-8", "Prénom|Nom|Portable\nÉlodie|Sœur|0639980001\nNoël|Thévenot|0639980002\n"),
        ("line breaks", "cp1252", 'Prénom;Nom;Portable\n"Élo\ndie";Sœur;0639980001\nNoël;Thévenot;0639980002\n'),
    ],
)
def test_texts(_case: str, encoding: str, text: str) -> None:
    mapping, rows = records(text.encode(encoding))

    assert mapping == ["first_name", "last_name", "phone"]
    assert [row.last_name for row in rows][1] == "Thévenot"
    assert phones(rows) == [["+33639980001"], ["+33639980002"]]


FOLDED = (
    "Prénom;Nom;Portable;Adresse",
    'Élodie;Sœur;0639980001;"3; rue du Four, Brest"',
    "Noël;Thévenot;0639980002;",
)


@pytest.mark.parametrize(
    ("_case", "content"),
    [
        ("spreadsheet", workbook(lambda book: sheet(book, *([line] for line in FOLDED)))),
        ("csv", "\r\n".join('"' + line.replace('"', '""') + '"' for line in FOLDED).encode()),
    ],
)
def test_lines_kept_whole_in_the_first_column_are_taken_apart(_case: str, content: bytes) -> None:
    mapping, rows = records(content)

    assert mapping == ["first_name", "last_name", "phone", "street"]
    assert phones(rows) == [["+33639980001"], ["+33639980002"]]
    assert rows[0].street == "3; rue du Four, Brest"


def test_one_column_whose_cells_share_a_comma_by_chance_is_left_alone() -> None:
    names = [["Nom, prénom"], ["Sœur"], ["Thévenot"], ["Dupont, Camille"]]

    assert list(read.open_table(io.BytesIO(workbook(lambda book: sheet(book, *names)))).rows()) == [
        (number, cells) for number, cells in enumerate(names, 1)
    ]


def test_a_title_above_the_header_is_no_header() -> None:
    text = "Fichier clients - Boulangerie Noël;;\n;;\nNom;Prénom;Portable\nDupont;Zoé;0639980001\n"

    mapping, rows = records(text.encode("cp1252"))

    assert mapping == ["last_name", "first_name", "phone"]
    assert [(row.row, row.last_name) for row in rows] == [(4, "Dupont")]


def test_people_are_never_taken_for_a_title() -> None:
    text = "Dupont;0639980001\nMartin;0639980002\nNom;Portable\nPetit;0639980003\n"

    _, rows = records(text.encode())

    assert [row.row for row in rows] == [1, 2, 3, 4]


def test_a_line_for_excel_alone_is_not_counted() -> None:
    _, rows = records(b"sep=;\nNom;Portable\nDupont;0639980001\nMartin;12\n")

    assert [(row.row, row.problems) for row in rows] == [(2, []), (3, ["phone_too_short"])]


def test_empty_columns_without_a_name_are_left_out() -> None:
    mapping, _ = records(b"Nom;Portable;;;\nDupont;0639980001;;;\n")

    assert mapping == ["last_name", "phone", "", "", ""]


def test_names_without_a_heading_are_sealed() -> None:
    _, found = columns.guess([["Dupont", "0639980001"], ["Petit", "0639980002"]])

    assert (found[0].field, found[0].private) == ("attribute:column_1", True)


@pytest.mark.parametrize(
    ("cell", "title", "first", "last"),
    [
        ("DUPONT Zoé", None, "Zoé", "DUPONT"),
        ("Mme Hélène de La Tour", "mrs", "Hélène", "de La Tour"),
        ("M. Martin", "mr", None, "Martin"),
        ("Monsieur Paul PETIT", "mr", "Paul", "PETIT"),
        ("Martin, Paul", None, "Paul", "Martin"),
        ("Mireille Roux", None, "Mireille", "Roux"),
    ],
)
def test_a_whole_name(cell: str, title: str | None, first: str | None, last: str) -> None:
    _, (row,) = records(f'Client;Portable\n"{cell}";0639980001\n'.encode())

    assert (row.title, row.first_name, row.last_name) == (title, first, last)


@pytest.mark.parametrize(
    ("cell", "found", "problems"),
    [
        ("06 39 98 00 01 (bureau)", ["+33639980001"], []),
        ("06 39 98 00 01 - portable Mme", ["+33639980001"], []),
        ("06 39 98 00 01 STOP", [], ["phone_letters"]),
        ("06 39 98 00 01 (ne pas appeler)", [], ["phone_letters"]),
        ("N/A", [], ["no_identity"]),
        ("néant", [], ["no_identity"]),
        ("0692 00 01 00", ["+262692000100"], []),
        ("00 590 690 12 34 57", ["+590690123457"], []),
        ("+32 470 12 34 56", ["+32470123456"], []),
        ("3.36E+10", [], ["phone_precision_lost"]),
        ("06 39 98 00 01 / 06 39 98 00 02", ["+33639980001", "+33639980002"], []),
        ("06 39 98 00 01 - 06 39 98 00 02", ["+33639980001", "+33639980002"], []),
        ("06 39 98 00 01 et 06 39 98 00 02", ["+33639980001", "+33639980002"], []),
        ("+33639980001 +33639980002", ["+33639980001", "+33639980002"], []),
        ("06 39 98 00 01 ::: 06 39 98 00 02", ["+33639980001", "+33639980002"], []),
        ("06 39 98 00 01 (perso) / 06 39 98 00 02", ["+33639980001", "+33639980002"], []),
        ("Mme : 06 39 98 00 01", ["+33639980001"], []),
        ("STOP : 06 39 98 00 01", [], ["phone_letters"]),
        ("06 39 98 00 01 - STOP", [], ["phone_letters"]),
        ("06 39 98 00 01 / ne plus appeler", [], ["phone_letters"]),
        ("06 39 98 00 01, poste 12", ["+33639980001"], []),
        ("☎ 06 39 98 00 01", ["+33639980001"], []),
        ("N° 06 39 98 00 01", ["+33639980001"], []),
        ("\u200e+33 6 39 98 00 01\u202c", ["+33639980001"], []),
        ('="0639980001"', ["+33639980001"], []),
    ],
)
def test_a_phone_cell(cell: str, found: list[str], problems: list[str]) -> None:
    _, rows = records(f"Nom;Portable\nDupont;{cell}\nTémoin;0639980099\n".encode())

    assert (phones(rows)[0], rows[0].problems) == (found, problems)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("31/12/80", "1980-12-31"), ("19801231", "1980-12-31"), ("31121980", "1980-12-31"), ("29221", "1980-01-01"),
        ("29221.5", "1980-01-01"), ("Dec 31, 1980", "1980-12-31"), ("31 déc. 1980", "1980-12-31"), ("1980", None),
        ("31-déc.-80", "1980-12-31"), ("31 / 12 / 1980", "1980-12-31"), ("mercredi 31 décembre 1980", "1980-12-31"),
        ("12-31-1980", None), ("99999999", None), ("32 décembre 1980", None),
    ],
)  # fmt: skip
def test_a_date_cell(cell: str, expected: str | None) -> None:
    _, (row,) = records(f'Portable;Date de naissance\n0639980001;"{cell}"\n'.encode())

    assert (row.birth_date and row.birth_date.isoformat()) == expected
    assert row.problems == ([] if expected else ["birth_date_invalid"])


def test_ticked_boxes_are_consent() -> None:
    _, rows = records("Portable;Accord SMS\n0639980001;☑\n0639980002;✓\n0639980003;\n0639980004;non\n".encode())

    assert [row.sms for row in rows] == ["granted", "granted", "", "withdrawn"]


@pytest.mark.clause("CGVU 17", "DPA 5")
@pytest.mark.parametrize(
    ("_case", "header", "cells", "said"),
    [
        ("columns of every kind", "Désinscrit;Opposition;STOP", ["x;;", ";x;", ";;x", ";;"],
         ["opposed", "opposed", "opposed", "granted"]),
        ("two that disagree", "Accord SMS;Consentement SMS", ["oui;non", "oui;oui", ";oui"],
         ["withdrawn", "granted", "granted"]),
        ("numbers of a program", "Consentement SMS", ["1.0", "0.0", ""], ["granted", "withdrawn", ""]),
        ("where it was given", "Accord SMS", ["Oui (papier)", "oui le 12/03/2024", "Non (papier)", "oui (sauf SMS)"],
         ["granted", "granted", "withdrawn", ""]),
        ("words nobody knows", "Accord SMS", ["En attente", "P", "R"], ["", "", ""]),
        ("the day somebody left", "Date de désinscription", ["12/03/2024", ""], ["opposed", "granted"]),
        ("taken back", "Retrait consentement", ["oui", "non", ""], ["opposed", "granted", "granted"]),
        ("how they stand", "Statut", ["Client", "Désabonné", "STOP", "Prospect", ""],
         ["granted", "withdrawn", "opposed", "granted", "granted"]),
    ],
)  # fmt: skip
def test_whoever_refused_is_not_taken_for_somebody_who_agreed(
    _case: str, header: str, cells: list[str], said: list[str]
) -> None:
    lines = [f"0639980{number:03d};{cell}" for number, cell in enumerate(cells)]

    _, rows = records("\n".join([f"Portable;{header}", *lines]).encode())

    assert [row.sms for row in rows] == said


def test_padding_is_taken_off_and_binary_refused() -> None:
    _, rows = records(b"Nom;Portable\nDu\0pont\0\0;06399\x0080001\n")

    assert (rows[0].last_name, phones(rows)) == ("Dupont", [["+33639980001"]])
    with pytest.raises(Refused, match="file_not_text"):
        records(b"\x7fELF" + bytes(range(256)) * 20)
    with pytest.raises(Refused, match="file_not_text"):
        records(b"Nom;Portable\n" + b"\0a" * 3 + b"\0" * 400)


def test_one_cell_far_too_long_is_named() -> None:
    with pytest.raises(Refused) as refused:
        records(b"Nom;Portable;Note\nDupont;0639980001;" + b"x" * 200_000 + b"\n")

    assert (refused.value.code, refused.value.facts["row"]) == ("cell_too_long", 2)


def test_names_of_all_scripts() -> None:
    _, rows = records("Prénom;Nom;Portable\n🌸 Zoé;李;0639980001\nZoe\u0301;Şahin;0639980002\n".encode())

    assert [(row.first_name, row.last_name) for row in rows] == [("🌸 Zoé", "李"), ("Zoe\u0301", "Şahin")]


def test_only_addresses() -> None:
    mapping, rows = records(b'zoe@exemple.fr\n"Eva Petit" <eva@exemple.fr>\nn/a\n')

    assert mapping == ["email"]
    assert [row.emails for row in rows] == [["zoe@exemple.fr"], ["eva@exemple.fr"], []]
    assert rows[2].problems == ["no_identity"]


def test_numbers_and_days_as_a_spreadsheet_counts_them() -> None:
    def fill(book: Any) -> None:
        scientific = book.add_format({"num_format": "0.00E+00"})
        made = sheet(book, ["Nom", "Portable", "Naissance", "CP"], ["Dupont", None, 29221, 1000])
        made.write_number(1, 1, 639980001, scientific)
        made.write_row(2, 0, ["Martin", 33639980002, 30000, "2A004"])

    _, rows = records(workbook(fill))

    assert phones(rows) == [["+33639980001"], ["+33639980002"]]
    assert [(str(row.birth_date), row.postcode) for row in rows] == [("1980-01-01", "01000"), ("1982-02-18", "2A004")]


def test_the_sheet_with_the_people_is_read_not_the_summary_before_it() -> None:
    def fill(book: Any) -> None:
        sheet(book, ["Synthèse", "Total"], ["Clients", 2], name="Synthèse")
        sheet(book, ["Prénom", "Portable"], ["Zoé", "0639980001"], name="Clients")

    mapping, rows = records(workbook(fill))

    assert (mapping, phones(rows)) == (["first_name", "phone"], [["+33639980001"]])


def test_the_sheet_that_is_shown_and_has_columns_is_read() -> None:
    def fill(book: Any) -> None:
        sheet(book, ["Nom", "Portable"], ["Ancien", "0639980099"], name="Archive").hide()
        sheet(book, ["Extraction du 12/11/2026"], ["Ne pas diffuser"], name="Lisez-moi").activate()
        made = sheet(book, [], [], ["Nom", "Portable"], ["Dupont", "0639980001"], name="Clients")
        made.merge_range(0, 0, 0, 1, "FICHIER CLIENTS 2026")

    mapping, rows = records(workbook(fill))

    assert mapping == ["last_name", "phone"]
    assert [(row.row, row.last_name) for row in rows] == [(4, "Dupont")]


def test_a_workbook_of_one_column_or_all_hidden_is_read() -> None:
    one = workbook(lambda book: sheet(book, ["zoe@exemple.fr"], ["eva@exemple.fr"]))

    def fill(book: Any) -> None:
        sheet(book, name="Vide").activate()
        sheet(book, ["Nom", "Portable"], ["Dupont", "0639980001"], name="Clients").hide()

    assert [row.emails for row in records(one)[1]] == [["zoe@exemple.fr"], ["eva@exemple.fr"]]
    assert [row.last_name for row in records(workbook(fill))[1]] == ["Dupont"]


NAMESPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
)


def ods(tables: str) -> bytes:
    target = io.BytesIO()
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    hidden = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {NAMESPACES}><office:automatic-styles>{hidden}</office:automatic-styles>"
            f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        )
    return target.getvalue()


def line(*cells: str, repeated: int = 1) -> str:
    inside = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in cells
    )
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inside}</table:table-row>'


def test_an_ods_with_a_hidden_sheet_a_merged_title_and_repeated_rows() -> None:
    old = (
        f'<table:table table:name="Vieux" table:style-name="h">{line("Nom", "Portable")}{line("X", "06")}</table:table>'
    )
    title = (
        '<table:table-row><table:table-cell table:number-columns-spanned="2" office:value-type="string">'
        "<text:p>Clients 2026</text:p></table:table-cell><table:covered-table-cell/></table:table-row>"
    )
    end = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    people = title + line("Nom", "Portable") + line("Dupont", "06 39 98 00 01") + line("", "0639980002", repeated=2)

    mapping, rows = records(ods(f'{old}<table:table table:name="Clients">{people}{end}</table:table>'))

    assert mapping == ["last_name", "phone"]
    assert phones(rows) == [["+33639980001"], ["+33639980002"], ["+33639980002"]]


def test_the_error_file_begins_with_the_header_below_the_title(tmp_path: Path) -> None:
    from sofy.audience.imports.errors import _lines

    table = read.open_table(io.BytesIO(b"Fichier;\nNom;Portable\nDupont;0639980001\nMartin;12\n"))

    lines = list(_lines(table, {4: "phone_too_short"}, 2, str, ("Row", "Problem")))

    assert lines == [["Row", "Problem", "Nom", "Portable"], ["4", "phone_too_short", "Martin", "12"]]


FAILED_HEADER = ("Prénom", "Nom", "Portable", "CP", "Désabonné SMS")
FAILED_ROWS = (
    ("Zoé", "Œuvrard", "06 39 98 00 01", "75011", "#N/A"),
    ("Noël", "#DIV/0!", "06 39 98 00 02", "#REF!", "non"),
    ("Inès", "Thévenot", "#N/A", "75011", "oui"),
    ("Élodie", "Sœur", "06 39 98 00 04", "75011", ""),
)


def failed_xlsx() -> bytes:
    def fill(book: Any) -> None:
        made = sheet(book, FAILED_HEADER)
        for number, row in enumerate(FAILED_ROWS, start=1):
            for column, cell in enumerate(row):
                if cell.startswith("#"):
                    made.write_formula(number, column, "=NA()", None, cell)
                else:
                    made.write(number, column, cell)

    return workbook(fill)


def failed_ods() -> bytes:
    """As LibreOffice writes it: a text, said to be empty, of a kind of its own."""
    target = io.BytesIO()
    with odswriter.writer(target) as book:
        made = book.new_sheet("Clients")
        for row in (FAILED_HEADER, *FAILED_ROWS):
            made.writerow(row)
    content = io.BytesIO()
    with zipfile.ZipFile(target) as source, zipfile.ZipFile(content, "w") as copy:
        for name in source.namelist():
            text = source.read(name)
            if name == "content.xml":
                tag, failed = b'office:value-type="string"', b'office:string-value="" calcext:value-type="error"'
                text = text.replace(tag + b"><text:p>#", tag + b" " + failed + b"><text:p>#")
            copy.writestr(name, text)
    return content.getvalue()


def failed_csv() -> bytes:
    return "\n".join(";".join(row) for row in (FAILED_HEADER, *FAILED_ROWS)).encode()


@pytest.mark.parametrize("made", [failed_csv, failed_xlsx, failed_ods])
@pytest.mark.clause("CGVU 17")
def test_a_formula_that_failed_is_no_value_and_never_means_that_nobody_objected(made: Callable[[], bytes]) -> None:
    _, rows = records(made())

    assert [row.sms for row in rows] == ["opposed", "granted", "opposed", "granted"]
    assert [row.last_name for row in rows] == ["Œuvrard", None, "Thévenot", "Sœur"]
    assert rows[1].postcode is None
    assert [row.problems.count("formula_failed") for row in rows] == [0, 2, 1, 0]
    assert [row.rejected for row in rows] == [False, False, True, False]


@pytest.mark.parametrize("size", range(200, 260))
def test_a_failed_formula_is_seen_wherever_the_file_is_cut_into_blocks(size: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(sheet_errors, "BLOCK", size)

    with zipfile.ZipFile(sheet_errors.shown_as_text(io.BytesIO(failed_xlsx()), "xlsx")) as archive:
        table = archive.read("xl/worksheets/sheet1.xml")

    assert (table.count(b't="e"'), table.count(b't="str"')) == (0, 4)


def test_a_workbook_without_failed_formulas_is_not_copied() -> None:
    content = io.BytesIO(workbook(lambda book: sheet(book, ("Prénom", "Portable"), ("#1 Zoé", "0639980001"))))

    assert sheet_errors.shown_as_text(content, "xlsx") is content
    assert content.tell() == 0


@pytest.mark.parametrize(
    ("_case", "cell", "failed"),
    [
        ("Excel in English", "#VALUE!", True),
        ("Excel in French", "#NOMBRE!", True),
        ("LibreOffice in French", "#NOM\u00a0?", True),
        ("LibreOffice, by number", "Err :502", True),
        ("not available, in French", "#N/D", True),
        ("a name", "Erron", False),
        ("a number of a list", "#1", False),
    ],
)
def test_failed_formulas_are_known_by_what_is_shown(_case: str, cell: str, failed: bool) -> None:
    assert values.formula_failed(cell) is failed

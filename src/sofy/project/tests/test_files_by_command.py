"""Files that commands take beside contact books: sheets with a password, and a regulator's list of two kinds."""

import io
import json

import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from sofy.project import cli


@pytest.fixture
def locked(tmp_path):
    """A sheet of one number that opens with "open sesame"."""
    plain, path = io.BytesIO(), tmp_path / "locked.xlsx"
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as book:
        book.add_worksheet().write_column(0, 0, ["Portable", "0639980001"])
    with path.open("wb") as target:
        OOXMLFile(plain).encrypt("open sesame", target)
    return path


def test_a_protected_list_of_a_regulator_is_opened_with_its_password(sofy, locked, tmp_path):
    (tmp_path / "password").write_text("open sesame\n")
    (tmp_path / "wrong").write_text("sesame\n")
    command = ["suppression", "import", str(locked), "--list", "Bloctel", "--json"]

    without = sofy(*command)
    wrong = sofy(*command, "--password-file", str(tmp_path / "wrong"))
    opened = sofy(*command, "--password-file", str(tmp_path / "password"))
    again = sofy(*command, "--password-file", str(tmp_path / "password"))

    assert (without[0], json.loads(without[1])["error"]) == (1, "file_password_needed")
    assert (wrong[0], json.loads(wrong[1])["error"]) == (1, "file_wrong_password")
    assert (opened[0], json.loads(opened[1])["new"]) == (0, 1)
    assert (again[0], json.loads(again[1])["new"]) == (0, 0)


def test_addresses_of_a_list_are_not_told_as_numbers(sofy, tmp_path):
    (tmp_path / "list.csv").write_text("Mobile;E-mail\n06 39 98 00 01;zoe@exemple.fr\n")
    command = ["suppression", "import", str(tmp_path / "list.csv"), "--list", "Bloctel"]

    would, done, count = sofy(*command, "--dry-run"), sofy(*command), sofy("suppression", "count")

    assert would == (0, "2 numbers and addresses would be new, 0 are there already.\n")
    assert done == (0, "2 numbers and addresses are new, 0 were there already.\n")
    assert count[1].startswith("2 numbers and addresses are stopped.\nBloctel: 2 numbers and addresses, ")


def test_a_demo_of_a_protected_sheet_says_so_in_one_line(sofy, locked, monkeypatch, capsys, tmp_path):
    from sofy.project import stack

    monkeypatch.setenv("SOFY_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("SOFY_CLOCK_FILE", "")
    monkeypatch.setattr(stack, "supervisor", lambda *_: pytest.fail("processes were started"))

    status = cli.main(["demo", "--contacts", str(locked)])

    complaint = capsys.readouterr().err
    assert status == 1
    assert "sofy: Ce fichier est protégé par un mot de passe" in complaint
    assert "Traceback" not in complaint

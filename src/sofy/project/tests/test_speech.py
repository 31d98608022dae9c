"""The command speaks the language of the terminal, in the sentences of the pages."""

import json
import os
import subprocess
import sys

import pytest

from sofy.kernel.errors import Refused
from sofy.project import cli, demo, speech, up


@pytest.mark.parametrize(
    ("_case", "environ", "spoken"),
    [
        ("nothing said", {}, "fr"),
        ("no language", {"LANG": "C.UTF-8"}, "fr"),
        ("French", {"LANG": "fr_FR.UTF-8"}, "fr"),
        ("English", {"LANG": "en_GB.UTF-8"}, "en"),
        ("the stronger one", {"LC_ALL": "fr_FR.UTF-8", "LANG": "en_US.UTF-8"}, "fr"),
        ("an empty one", {"LC_ALL": "", "LANG": "en_US.UTF-8"}, "en"),
    ],
)
def test_a_terminal_speaks_french_unless_it_asks_for_english(_case, environ, spoken):
    assert speech.language(environ) == spoken


@pytest.mark.parametrize(
    ("language", "refused", "said"),
    [
        ("fr", Refused("no_totp", 404), "Cette personne n’a pas d’application"),
        ("en", Refused("no_totp", 404), "This person has no authenticator app."),
        ("fr", Refused("file_not_text", file="a.txt"), "Le fichier a.txt n’est pas du texte en UTF-8."),
        ("en", Refused("file_not_text"), "This file is not a table"),
        ("en", Refused("never_heard_of", number=3), "This was refused: never heard of. (number: 3)"),
    ],
)
def test_a_refusal_is_a_sentence_of_that_language(monkeypatch, language, refused, said):
    monkeypatch.setenv("LC_ALL", language)

    assert speech.sentence(refused).startswith(said)


def test_what_stops_a_campaign_is_said_in_sentences(sofy, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    sofy("client", "create", "Zoé", "--slug", "zoe")
    line = ["campaign", "launch", "--client", "zoe", "--text", "Bonjour"]

    cli.main(line)
    told = capsys.readouterr().err
    answer = json.loads(sofy(*line, "--json")[1])

    assert "Personne n’est choisi" in told
    assert "[{" not in told
    assert {"no_segment", "sender_empty"} <= {problem["code"] for problem in answer["problems"]}


def test_what_spoils_a_segment_is_said_with_its_row(sofy, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    sofy("client", "create", "Zoé", "--slug", "zoe")
    line = ["segment", "count", "--client", "zoe", "--tree", '{"is":"all","of":[{"is":"age"}]}']

    cli.main(line)
    told = capsys.readouterr().err
    answer = json.loads(sofy(*line, "--json")[1])

    assert "Row 1: Give at least one of the two ages." in told
    assert answer["problems"] == [{"path": [0], "code": "age_missing", "detail": ""}]


@pytest.mark.parametrize("module", [demo, up])
def test_demo_and_up_speak_the_same_language(monkeypatch, module):
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    french = module._("Preparing the database")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")

    assert (french, module._("Preparing the database")) == (
        "Préparation de la base de données",
        "Preparing the database",
    )


def test_a_demo_of_a_file_that_cannot_be_used_leaves_nothing_behind(sofy, monkeypatch, tmp_path, capsys):
    from sofy.clients.models import Client
    from sofy.kit.rls import staff_scope
    from sofy.project import stack

    for variable in ("SOFY_CLOCK_FILE", "SOFY_VAR_DIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("SOFY_CLOCK_FILE", "")
    monkeypatch.setattr(stack, "supervisor", lambda *_: pytest.fail("processes were started"))
    (tmp_path / "empty.csv").write_text("")

    status = cli.main(["demo", "--contacts", str(tmp_path / "empty.csv")])

    assert status == 1
    assert "Ce fichier est vide" in capsys.readouterr().err
    with staff_scope():
        assert not Client.objects.using("staff").exists()


def test_a_refusal_is_said_before_django_knows_its_settings():
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "sofy.project.cli", "client", "--json"]

    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, json.loads(done.stdout)["error"]) == (2, "usage"), done.stderr

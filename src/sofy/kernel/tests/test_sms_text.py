import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.kernel import sms_text
from sofy.kernel.sms_text import GSM7_CHARACTERS, LIMITS, Analysis

gsm_texts = st.text(alphabet=sorted(GSM7_CHARACTERS), max_size=700)
#: Many extension characters and emoji, so that pairs fall on the boundaries.
edgy_gsm = st.lists(st.sampled_from(["a", "é", "€", "[", "~", "\n"]), max_size=400).map("".join)
edgy_ucs2 = st.lists(st.sampled_from(["a", "ê", "😀", "👩‍👩‍👧", "’"]), max_size=300).map("".join)


@pytest.mark.parametrize(
    ("_case", "text", "expected"),
    [
        ("empty", "", ("gsm7", 0, 1, 160)),
        ("160 septets", "a" * 160, ("gsm7", 160, 1, 160)),
        ("161 septets", "a" * 161, ("gsm7", 161, 2, 153)),
        ("306 septets", "é" * 306, ("gsm7", 306, 2, 153)),
        ("307 septets", "é" * 307, ("gsm7", 307, 3, 153)),
        ("an extension counts twice", "€" * 80, ("gsm7", 160, 1, 160)),
        ("and may not be cut", "a" * 152 + "€" * 77, ("gsm7", 306, 3, 153)),
        ("70 code units", "ê" * 70, ("ucs2", 70, 1, 70)),
        ("71 code units", "ê" * 71, ("ucs2", 71, 2, 67)),
        ("an emoji takes two", "😀" * 35, ("ucs2", 70, 1, 70)),
        ("and may not be cut", "ê" * 66 + "😀" * 34, ("ucs2", 134, 3, 67)),
    ],
)
def test_what_a_text_costs(_case, text, expected):
    found = sms_text.analyse(text)

    assert found[:4] == expected
    assert sms_text.parts(text) == found.parts


def test_the_characters_that_force_ucs2_are_named():
    found = sms_text.analyse("Fête d’été à 5 € 😀")

    assert found == Analysis("ucs2", 19, 1, 70, ((1, "ê"), (6, "’"), (17, "😀")))


ROUTES = [{"ucs2"}, {"gsm7", "ucs2"}, {"latin1", "ucs2"}, {"gsm7", "latin1", "ucs2"}]


@pytest.mark.parametrize(
    ("_case", "text", "alphabets", "counted", "forcing"),
    [
        ("only UCS-2 has it", "ê’", {"gsm7", "latin1", "ucs2"}, ("ucs2", 1, 70), "’"),
        ("the nearest alphabet is spoken of", "êçœ€", {"gsm7", "latin1", "ucs2"}, ("ucs2", 1, 70), "œ€"),
        ("the euro is what Latin-1 lacks", "ê €", {"latin1", "ucs2"}, ("ucs2", 1, 70), "€"),
        ("Latin-1 holds less than GSM", "ê", {"gsm7", "latin1", "ucs2"}, ("latin1", 1, 140), "ê"),
        ("nothing else to have", "ê", {"latin1", "ucs2"}, ("latin1", 1, 140), ""),
        ("nothing better to have", "a", {"ucs2"}, ("ucs2", 1, 70), ""),
        ("brackets take two septets", "[" * 81, {"gsm7", "latin1", "ucs2"}, ("latin1", 1, 140), ""),
        ("GSM when both take as many", "a" * 141, {"gsm7", "latin1", "ucs2"}, ("gsm7", 1, 160), ""),
    ],
)
def test_a_route_says_in_which_alphabets_a_text_is_counted(_case, text, alphabets, counted, forcing):
    found = sms_text.analyse(text, alphabets)

    assert (found.encoding, found.parts, found.per_part) == counted
    assert "".join(character for _, character in found.forcing) == forcing
    assert sms_text.measure(text, alphabets) == (found.parts, found.encoding)


@settings(max_examples=300)
@given(st.one_of(gsm_texts, edgy_gsm, edgy_ucs2, st.text(max_size=300)), st.sampled_from(ROUTES))
def test_no_alphabet_of_the_route_would_take_fewer_sms(text, alphabets):
    encoding, pieces = sms_text.cut(text, alphabets)

    assert sms_text.measure(text, alphabets) == (len(pieces), encoding)
    assert encoding in alphabets
    assert pieces == sms_text.split(text, encoding)
    for other in alphabets:
        with contextlib.suppress(UnicodeEncodeError):
            assert len(pieces) <= len(sms_text.split(text, other))


@pytest.mark.parametrize("text", ["à é è ù ì ò É Ç ñ ü", "@£$¥\r\n", "{[~]}\\|^€\f", "ÄÖÜß ¿¡§¤ Δ_ΦΓΛΩΠΨΣΘΞ"])
def test_what_the_gsm_alphabet_has(text):
    assert sms_text.analyse(text).encoding == "gsm7"


@pytest.mark.parametrize("character", list("âçêëîïôûœÀÂÈÊÎÔÙÛŒ«»’…–`\t\u00a0\x1b\x00"))
def test_what_the_gsm_alphabet_lacks(character):
    assert sms_text.analyse(character).forcing == ((0, character),)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("@", b"\x00"),
        ("hé", b"h\x05"),
        ("à 5 €", b"\x7f 5 \x1b\x65"),
        ("[]{}\\~^|\f", b"\x1b\x3c\x1b\x3e\x1b\x28\x1b\x29\x1b\x2f\x1b\x3d\x1b\x14\x1b\x40\x1b\x0a"),
        ("_$¤", b"\x11\x02\x24"),
        ("ΔΩ", b"\x10\x15"),
    ],
)
def test_gsm_octets(text, octets):
    assert sms_text.encode_gsm7(text) == octets


@given(gsm_texts)
def test_the_quick_way_and_the_table_agree(text):
    assert sms_text.encode_gsm7(text) == b"".join(sms_text._GSM7[ord(c)] for c in text)


def gsm7_decoded(octets: bytes) -> str:
    back = {octets: chr(c) for c, octets in sms_text._GSM7.items()}
    return "".join(back[pair] for pair in re.findall(rb"\x1b.|[^\x1b]", octets, re.DOTALL))


@settings(max_examples=300)
@given(st.one_of(gsm_texts, edgy_gsm))
def test_gsm_parts_join_back_and_no_escape_is_cut(text):
    pieces = sms_text.split(text, "gsm7")

    assert "".join(map(gsm7_decoded, pieces)) == text  # each part decodes alone
    alone, per_part = LIMITS["gsm7"]
    assert all(len(piece) <= (alone if len(pieces) == 1 else per_part) for piece in pieces)
    assert all(len(piece) >= per_part - 1 for piece in pieces[:-1])
    assert sms_text.parts(text) == len(pieces)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=300), edgy_ucs2))
def test_ucs2_parts_join_back_and_no_surrogate_pair_is_cut(text):
    pieces = sms_text.split(text, "ucs2")

    assert "".join(piece.decode("utf-16-be") for piece in pieces) == text
    alone, per_part = (2 * limit for limit in LIMITS["ucs2"])
    assert all(len(piece) <= (alone if len(pieces) == 1 else per_part) for piece in pieces)
    assert all(len(piece) >= per_part - 2 for piece in pieces[:-1])


def test_latin1_parts():
    assert [len(piece) for piece in sms_text.split("ê" * 141, "latin1")] == [134, 7]
    assert sms_text.split("ê" * 140, "latin1") == ["ê".encode("latin-1") * 140]


@pytest.mark.parametrize(("text", "encoding"), [("ê", "gsm7"), ("œ", "latin1")])
def test_an_alphabet_that_lacks_a_character_refuses(text, encoding):
    with pytest.raises(UnicodeEncodeError):
        sms_text.split(text, encoding)


def test_half_a_surrogate_pair_does_not_break_the_count():
    assert sms_text.analyse("a\ud83d").units == 2


@pytest.mark.parametrize(
    ("_case", "text", "plain"),
    [
        ("accents that GSM has stay", "Été à Évry, où ça", "Été à Évry, où ca"),
        ("accents that it lacks go", "Fête, Noël, août, île, FORÊT, À, È", "Fete, Noel, aout, ile, FORET, A, E"),
        ("accents typed as two characters", "e\u0301te\u0301 fe\u0302te", "été fete"),
        ("apostrophes", "l’été ‘d’ici’", "l'été 'd'ici'"),
        ("quotes with their spaces", "« bon » “bien”", '"bon" "bien"'),
        ("quotes with non-breaking spaces", "«\u00a0bon\u202f»", '"bon"'),
        ("ligatures", "œuf cœur Œuvre ŒUVRE Æ", "oeuf coeur Oeuvre OEUVRE Æ"),
        ("dashes and dots", "lundi – mardi… ok", "lundi - mardi... ok"),
        ("spaces", "10\u00a0%\u202fde remise", "10 % de remise"),
        ("invisible characters", "so\u00adfy\u200b", "sofy"),
        ("numbers", "n° 5, 20°C, m², ½", "no 5, 20degC, m2, 1/2"),
        ("euro stays", "5 €", "5 €"),
        ("emoji stays", "Soldes 😀 dès demain", "Soldes 😀 dès demain"),
        ("other alphabets stay", "Привет", "Привет"),
        ("web address", "Fête : «https://sofy.fr/fête?q=ç’» ê", 'Fete : "https://sofy.fr/fête?q=ç’" e'),
        ("bare address", "café.fr/menu-été’ et fête", "café.fr/menu-été’ et fete"),
        ("mail address", "écrivez à françois@forêt.fr dès août", "écrivez à françois@forêt.fr dès aout"),
        (
            "expression",
            "Chère {{ prénom_fête }}, {% if fête %}ê{% endif %}",
            "Chère {{ prénom_fête }}, {% if fête %}e{% endif %}",
        ),
        ("end of sentence is no address", "La fête.Êtes-vous là ?", "La fete.Etes-vous là ?"),
    ],
)
def test_transliteration(_case, text, plain):
    assert sms_text.transliterate(text) == plain


@given(gsm_texts)
def test_what_gsm_carries_is_never_changed(text):
    assert sms_text.transliterate(text) == text


@given(st.text(alphabet="aéêœ’« »./:-@{}%htpsfr😀", max_size=60))
def test_transliteration_never_costs_more(text):
    plain = sms_text.transliterate(text)

    assert sms_text.analyse(plain).units <= 3 * sms_text.analyse(text).units
    assert len(sms_text.analyse(plain).forcing) <= len(sms_text.analyse(text).forcing)


@given(
    st.from_regex(r"https?://[a-zé]{1,8}\.fr/[a-zêçœ’…?=&%-]{0,20}", fullmatch=True),
    st.text(alphabet="aêç ’", max_size=10),
)
def test_an_address_is_never_touched(address, around):
    assert address in sms_text.transliterate(f"{around} {address} {around}")


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "text", "short_code", "found"),
    [
        ("as we write it", "Soldes ! STOP SMS 36111", "36111", True),
        ("lower case", "stop sms 36111", "36111", True),
        ("with a preposition", "STOP SMS au 36111.", "36111", True),
        ("with a colon", "STOP SMS: 36111", "36111", True),
        ("non-breaking spaces", "STOP\u00a0SMS\u00a036111", "36111", True),
        ("another code", "STOP SMS 36112", "36111", False),
        ("a longer number", "STOP SMS 361112", "36111", False),
        ("no code where the route has one", "STOP SMS", "36111", False),
        ("no code where the route has none", "STOP SMS", None, True),
        ("without the word SMS", "STOP 36111", "36111", False),
        ("inside another word", "NONSTOP SMS 36111", "36111", False),
        ("words apart", "STOP à nos SMS 36111", "36111", False),
        ("second mention is the right one", "STOP SMS 38000 STOP SMS 36111", "36111", True),
        ("shown backwards", "Soldes \u202eSTOP SMS 36111", "36111", False),
        ("its code shown backwards", "Soldes STOP SMS\u2067 36111", "36111", False),
        ("nothing", "Soldes !", None, False),
    ],
)
def test_the_stop_mention(_case, text, short_code, found):
    assert sms_text.has_stop_mention(text, short_code) is found


@pytest.mark.clause("CGVU 14.1")
@given(st.integers(36000, 38999).map(str), st.text(max_size=50).filter(lambda text: not sms_text.turns_around(text)))
def test_our_own_mention_is_recognised_after_any_text(short_code, text):
    assert sms_text.has_stop_mention(f"{text} {sms_text.stop_mention(short_code)}", short_code)


STOP_ANSWERS = [
    "STOP", "stop", "Stop.", "STOP!", "« stop »", "  stop  ", "\nSTOP\n", "STOP SMS", "STOP 36111", "stop36111",
    "stop merci", "Stop,merci",
    "S.T.O.P.", "S-T-O-P", "🛑 STOP", "ＳＴＯＰ", "STOP\u200b", "\ufeffSTOP", "ARRET", "Arrêt", "ARRÊT !",
    "ARRE\u0302T", "arrêtez svp", "Arrete", "Désabonnement", "unsubscribe", "stóp",
]  # fmt: skip


@pytest.mark.clause("CGVU 14.1", "CGVU 17", "DPA 5")
@pytest.mark.parametrize("text", STOP_ANSWERS)
def test_stop_in_any_writing(text):
    assert sms_text.is_stop(text)
    assert not sms_text.is_contact(text)


@pytest.mark.clause("CGVU 14.1", "CGVU 17", "DPA 5")
@given(st.sampled_from(["stop", "arret", "arrêt"]), st.data())
def test_stop_in_any_case_with_any_punctuation_and_tail(word, data):
    written = "".join(data.draw(st.sampled_from([c, c.upper()])) for c in word)
    around = st.text(alphabet=" .,;:!?'\"«»()*-\u00a0", max_size=4)
    tail = data.draw(st.sampled_from(["", " merci", " sms", " 36111", "\nEnvoyé de mon téléphone"]))

    assert sms_text.is_stop(data.draw(around) + written + data.draw(around) + tail)


@pytest.mark.parametrize(
    "text", ["", "?", "Bonjour", "Non stop", "ok", "stopover", "contact", "Je viens demain", "👍", "36111"]
)
def test_other_answers_are_no_stop(text):
    assert not sms_text.is_stop(text)


@pytest.mark.parametrize(
    ("text", "found"), [("CONTACT", True), ("Contact ?", True), ("qui ? contact", False), ("", False)]
)
def test_contact(text, found):
    assert sms_text.is_contact(text) is found

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.senders import CHANNELS, GENERIC_WORDS, check_address, check_sender, check_short_code, likeness


@pytest.mark.clause("CGVU 13")
@pytest.mark.parametrize(
    ("_case", "sender", "purpose", "problem"),
    [
        ("a brand", "Boulange", "marketing", None),
        ("a brand with digits", "Cafe2Rives", "alert", None),
        ("eleven characters", "ABCDEFGHIJK", "marketing", None),
        ("twelve characters", "ABCDEFGHIJKL", "marketing", "sender_too_long"),
        ("nothing", "", "marketing", "sender_empty"),
        ("space", "Le Fournil", "marketing", "sender_characters"),
        ("punctuation", "Fournil!", "marketing", "sender_characters"),
        ("accent", "Café", "marketing", "sender_characters"),
        ("all digits", "12345678", "marketing", "sender_only_digits"),
        ("generic", "RDV", "alert", "sender_generic"),
        ("generic in another case", "Info", "marketing", "sender_generic"),
        ("generic with digits", "INFO24", "marketing", "sender_generic"),
        ("contains a generic word", "InfoFournil", "marketing", None),
        ("short code in other digits", "36١١١", "marketing", "sender_characters"),
        ("06 number", "0639980001", "marketing", "sender_mobile_number"),
        ("07 number in international form", "+33700000000", "alert", "sender_mobile_number"),
        ("00 33 number", "0033639980001", "alert", "sender_mobile_number"),
        ("fixed number", "0199001234", "alert", "sender_only_digits"),
    ],
)
def test_sender(_case, sender, purpose, problem):
    assert check_sender(sender, purpose) == problem


@pytest.mark.clause("CGVU 13")
@pytest.mark.parametrize(
    "sender",
    [
        "PROMO", "PROMOS", "ALERTES", "Banques", "SMSINFO", "INFOSMS", "CADEAUX", "INFOS", "SOLDES", "Impots", "ALERTS",
        "CODEPROMO", "PROMOCODES", "InfoClient", "RDVSANTE", "MONCOLIS", "VosFactures", "LESSOLDES", "MyBank", "NOTIF",
        "INFO24", "24INFO", "PROMO2SMS", "SMS4INFO", "RENDEZVOUS", "SMSSMS",
    ],
)  # fmt: skip
def test_a_name_made_of_general_words_names_nobody(sender):
    assert check_sender(sender, "marketing") == "sender_generic"


@pytest.mark.parametrize(
    "sender",
    [
        "PROMODENTAL", "InfoFournil", "SMSMODE", "LAPOSTE", "Alertis", "Banquet", "Testut", "Infogreffe", "Codeur",
        "Bonusmania", "OFFRESPA", "Colissimo", "Rappelle", "Creditas", "MONOPRIX", "Masante24h", "Mesange", "NOSTALGIE",
    ],
)  # fmt: skip
def test_a_brand_that_contains_a_general_word_is_a_brand(sender):
    assert check_sender(sender, "marketing") is None


@pytest.mark.clause("CGVU 14.1", "CGVU 14.2")
@pytest.mark.parametrize(
    ("_case", "short_code", "purposes", "problem"),
    [
        ("marketing", "36123", ["marketing"], None),
        ("alerts", "38123", ["alert"], None),
        ("both, answered as marketing", "36123", ["marketing", "alert"], None),
        ("alerts only for marketing", "38123", ["marketing"], "short_code_marketing"),
        ("alerts only for both", "38123", ["alert", "marketing"], "short_code_marketing"),
        ("marketing only for alerts", "36123", ["alert"], "short_code_alert"),
        ("too long", "12345678", ["marketing"], "short_code_unreadable"),
        ("another range", "37123", ["marketing"], "short_code_unreadable"),
        ("four digits", "3612", ["marketing"], "short_code_unreadable"),
        ("letters", "36ABC", ["marketing"], "short_code_unreadable"),
        ("other digits", "36١١١", ["marketing"], "short_code_unreadable"),
        ("a line end", "36123\n", ["marketing"], "short_code_unreadable"),
    ],
)
def test_short_codes_of_routes(_case, short_code, purposes, problem):
    assert check_short_code(short_code, purposes) == problem


@pytest.mark.clause("CGVU 13")
@pytest.mark.clause("CGVU 14.1", "CGVU 14.2")
@pytest.mark.parametrize(
    ("sender", "purpose", "problem"),
    [
        ("36111", "marketing", None),
        ("38111", "alert", None),
        ("36111", "alert", "sender_short_code_purpose"),
        ("38111", "marketing", "sender_short_code_purpose"),
        ("37111", "marketing", "sender_only_digits"),
        ("361111", "marketing", "sender_only_digits"),
    ],
)
def test_short_codes_belong_to_a_purpose(sender, purpose, problem):
    assert check_sender(sender, purpose) == problem


@pytest.mark.clause("CGVU 13")
def test_an_unknown_purpose_is_no_way_around():
    with pytest.raises(ValueError, match="purpose"):
        check_sender("Boulange", "gift")


def test_generic_words_are_written_as_they_are_compared():
    assert all(word.isascii() and word.isalpha() and word == word.lower() for word in GENERIC_WORDS)


@pytest.mark.clause("CGVU 13")
@given(st.text(max_size=15), st.sampled_from(["marketing", "alert"]))
def test_what_passes_keeps_every_rule(sender, purpose):
    if check_sender(sender, purpose) is None:
        assert len(sender) <= 11
        assert sender.isascii()
        assert sender.isalnum()
        assert not sender.isdigit() or sender[:2] == {"marketing": "36", "alert": "38"}[purpose]


@pytest.mark.clause("CGVU 13")
@pytest.mark.parametrize(
    ("channel", "sender", "problem"),
    [
        ("sms", "Fournil", None),
        ("sms", "Le Fournil", "sender_characters"),
        ("email", "bonjour@fournil.example", None),
        ("email", "bonjour", "sender_email"),
        ("email", "a@b.example\r\nBcc: x@y.example", "sender_email"),
        ("email", "x" * 250 + "@b.example", "sender_email"),
        ("rcs", "fournil_agent@rbm.goog", None),
        ("rcs", "Le Fournil", "sender_rcs"),
        ("whatsapp", "+33199001234", None),
        ("whatsapp", "106540352242922", None),
        ("whatsapp", "Fournil", "sender_whatsapp"),
        ("whatsapp", "", "sender_empty"),
        ("fax", "Fournil", "sender_channel"),
    ],
)
def test_each_channel_has_senders_of_its_own(channel, sender, problem):
    assert check_address(channel, sender) == problem


@given(st.sampled_from(CHANNELS), st.text(max_size=300))
def test_no_sender_of_any_channel_has_a_second_line(channel, text):
    if check_address(channel, text) is None:
        assert text == text.strip()
        assert text.isprintable()


@pytest.mark.parametrize("name", ["AMELI", "Ame1i", "A-MELI", "améli", "AmeII"])
def test_names_that_look_the_same_are_compared_as_one(name):
    assert likeness(name) == likeness("ameli")
    assert likeness(name) != likeness("Fournil")

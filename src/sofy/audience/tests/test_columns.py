"""What a column means: by its name in two languages, else by its values."""

import pytest

from sofy.audience.imports import columns, headings


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("civilite", "title"), ("Civilité", "title"), ("prenom", "first_name"), ("First Name", "first_name"),
        ("NOM", "last_name"), ("Nom et prénom", "full_name"), ("portable", "phone"), ("tel. mobile", "phone"),
        ("Téléphone fixe", "phone"), ("Mobile phone", "phone"), ("CP", "postcode"), ("Code postal", "postcode"),
        ("Ville", "town"), ("né(e) le", "birth_date"), ("Date de naissance", "birth_date"), ("Courriel", "email"),
        ("E-mail", "email"), ("Adresse mail", "email"), ("Adresse", "street"), ("Magasin préféré", "establishment"),
        ("Point of sale", "establishment"), ("Other phones", "phone"), ("Autres téléphones", "phone"),
        ("accord SMS", "consent_sms"), ("Opt-in SMS", "consent_sms"), ("SMS opt-in", "consent_sms"),
        ("opt-in", "consent"), ("Consentement email", "consent_email"), ("Newsletter", "consent_email"),
        ("Date accord", "consent_date"), ("STOP SMS", "optout_sms"), ("Désabonné", "optout"),
        ("Autorisation SMS", "consent_sms"), ("Recevoir SMS (O/N)", "consent_sms"), ("Prospection", "consent"),
        ("OK SMS", "consent_sms"), ("J’accepte", "consent"), ("SMS O/N", "consent_sms"), ("contactable", "consent"),
        ("SMS marketing", "consent_sms"), ("inscrit", "consent"), ("Unsubscribe", "optout"),
        ("Allow SMS", "consent_sms"), ("Accepte de recevoir nos offres par SMS", "consent_sms"),
        ("Souhaite recevoir la newsletter", "consent_email"), ("Ne souhaite pas de SMS", "optout_sms"),
        ("Offres commerciales", "consent"), ("Promo utilisée", ""), ("Informations", "consent"),
        ("Accord téléphone", "consent_sms"), ("Numéro SMS", ""), ("Date d’inscription", "consent_date"),
        ("Opt-out email", "optout_email"), ("Points fidélité", ""), ("", ""),
        ("SMS STOP", "optout_sms"), ("sms_optout", "optout_sms"), ("Opted out of SMS", "optout_sms"),
        ("Pas de SMS", "optout_sms"), ("Sans SMS", "optout_sms"), ("SMS interdit", "optout_sms"),
        ("Ne plus contacter", "optout"), ("Non contactable", "optout"), ("Exclu", "optout"), ("Bloqué", "optout"),
        ("Liste rouge", "optout"), ("Bloctel", "optout"), ("Date de désinscription", "optout"),
        ("UNSUB_TIME", "optout"), ("Date opt-out", "optout"), ("Retrait consentement", "optout"),
        ("Consentement retiré", "optout"),
        ("Email désabonné", "optout_email"), ("No mobile", "phone"), ("N° portable", "phone"),
        ("Retrait magasin", "establishment"), ("Fin de consentement", "consent"), ("Date RGPD", "consent_date"),
        ("Envoi SMS", "consent_sms"), ("Pub SMS", "consent_sms"), ("smsMarketing", "consent_sms"),
        ("Joignable par SMS", "consent_sms"), ("A donné son accord", "consent"), ("Peut être contacté", "consent"),
        ("Adresse de messagerie", "email"), ("Adresse postale", "street"), ("C.P.", "postcode"),
        ("Nom de naissance", "last_name"), ("Lieu de naissance", ""), ("Date naiss.", "birth_date"),
        ("Anniv", "birth_date"), ("D.D.N.", "birth_date"), ("Né(e)", "birth_date"), ("Tél. magasin", ""),
        ("Email du vendeur", ""), ("Tél. conjoint", ""), ("Commercial", ""), ("Télécopie", ""),
        ("Default Address Zip", "postcode"), ("Envoi facture par mail", ""),
        ("Opted out of email: News", "optout_email"), ("Consentement WhatsApp", "consent_whatsapp"),
        ("WhatsApp opt-in", "consent_whatsapp"), ("Accord tél/WhatsApp", "consent_whatsapp"),
        ("STOP WhatsApp", "optout_whatsapp"), ("Pas de WhatsApp", "optout_whatsapp"), ("Numéro WhatsApp", "phone"),
        ("Accepte le suivi des ouvertures", "consent_opens"), ("Consent to tracking of opens", "consent_opens"),
        ("Refuse le suivi des ouvertures", "optout_opens"), ("Accepte le suivi par mail", "consent_email"),
    ],
)  # fmt: skip
def test_headers(header: str, field: str) -> None:
    assert headings.field_of(header) == field


def test_values_tell_when_there_is_no_header() -> None:
    rows = [["Mme", "0639980001", "zoe@exemple.fr", "75011"], ["M.", "06 39 98 00 02", "a@exemple.fr", "13001"]]

    has_header, found = columns.guess(rows)

    assert not has_header
    assert [column.field for column in found] == ["title", "phone", "email", "postcode"]


@pytest.mark.clause("CGVU 17", "DPA 5")
@pytest.mark.parametrize(
    ("_case", "header", "cells", "field"),
    [
        ("no header at all", [], ["oui", "non", "oui"], "consent"),
        ("no header, opposition", [], ["oui", "stop", "oui"], "consent"),
        ("only opposition says what it is", ["Portable", "Q12"], ["oui", "stop", "non"], "consent"),
        ("yes and no may be anything", ["Portable", "VIP"], ["oui", "non", "oui"], "attribute:vip"),
        ("so may ticks without a header", [], ["x", "x"], "attribute:column_2"),
        ("and other words", ["Portable", "Q12"], ["stop", "gauche", "droite"], "attribute:q12"),
        ("unless it is how they stand", ["Portable", "Statut"], ["Client", "Client", "Désabonné"], "refusal"),
        ("who stand without a refusal", ["Portable", "État"], ["Client", "Prospect"], "attribute:etat"),
        ("a name that asks, whatever it says", ["Portable", "Accord SMS"], ["En attente", "P", "R"], "consent_sms"),
        ("days", ["Portable", "Désinscrit le"], ["12/03/2024"], "optout"),
        ("reasons", ["Portable", "Refus"], ["trop de messages", "déménage"], "optout"),
        ("counts", ["Portable", "Refus"], ["3", "12"], "attribute:refus"),
        ("a name about sending", ["Portable", "Relance SMS auto"], ["oui", "non"], "consent_sms"),
        ("or about mails", ["Portable", "Mail O/N"], ["oui", "non"], "consent_email"),
        ("not of the trade", ["Portable", "Facture par e-mail"], ["oui", "non"], "attribute:facture_par_e_mail"),
        ("nor what became of it", ["Portable", "SMS envoyé"], ["oui", "non"], "attribute:sms_envoye"),
        ("nor whether it works", ["Portable", "Email valide"], ["oui", "non"], "attribute:email_valide"),
        ("nor who was called", ["Portable", "Contacté"], ["oui", "non"], "attribute:contacte"),
        ("nor from where", ["Portable", "OPTIN_IP"], ["127.0.0.1", "127.0.0.2"], "attribute:optin_ip"),
        ("or about contact", ["Portable", "Contacter ce client"], ["oui", "non"], "consent"),
        ("no name beside names", ["Portable", ""], ["oui", "non"], "consent"),
    ],
)
def test_who_says_no_is_understood_without_a_telling_name(
    _case: str, header: list[str], cells: list[str], field: str
) -> None:
    people = [[f"06399800{n:02d}", cell] for n, cell in enumerate(cells)]

    _, found = columns.guess([header, *people] if header else people)

    assert found[1].field == field


@pytest.mark.clause("CGVU 17", "DPA 5")
def test_every_column_about_consent_counts() -> None:
    _, found = columns.guess([["Portable", "Opt-in", "RGPD", "STOP", "Désinscrit"], ["0639980001", "1", "1", "", "x"]])

    assert [column.field for column in found[1:]] == ["consent", "consent", "optout", "optout"]


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("SMS", ["33639980011", "33639980012"], "phone"),
        ("SIREN", ["639980011", "639980012"], "attribute:siren"),
        ("N° carte", ["700100100", "700100101"], "attribute:n_carte"),
        ("N° client", ["639980011", "639980012"], "attribute:n_client"),
        ("Tél. magasin", ["0199000001", "0199000001"], "attribute:tel_magasin"),
        ("Nouveau", ["0639980011", "0639980012"], "phone"),
    ],
)
def test_figures_are_phone_numbers_unless_the_heading_says_otherwise(header: str, cells: list[str], field: str) -> None:
    _, found = columns.guess([["E-mail", header], *([f"a{n}@exemple.fr", cell] for n, cell in enumerate(cells))])

    assert found[1].field == field


@pytest.mark.parametrize("header", [["Nom client", "Prénom client"], ["Prénom client", "Nom client"]])
def test_the_name_of_a_customer_beside_the_first_name_is_the_last_one(header: list[str]) -> None:
    _, found = columns.guess([[*header, "Portable"], ["Le Goff", "Anne", "0639980001"]])

    assert {column.header: column.field for column in found[:2]} == {
        "Nom client": "last_name", "Prénom client": "first_name"
    }  # fmt: skip


def test_a_field_of_the_clients_own_never_hides_a_refusal() -> None:
    own = [columns.Column("Autorisation SMS", "attribute:autorisation_sms", "bool")]

    _, found = columns.guess([["Portable", "Autorisation SMS"], ["0639980001", "non"]], own)

    assert found[1].field == "consent_sms"


def test_a_header_may_lie() -> None:
    _, found = columns.guess([["Portable", "Mobile"], ["0639980001", "oui"], ["0639980002", "non"]])

    assert [column.field for column in found] == ["phone", "attribute:mobile"]


@pytest.mark.parametrize(
    ("header", "cells", "kind", "private"),
    [
        ("Points", ["12", "13,5", "1 000"], "number", False),
        ("Dernier achat", ["01/02/2026", "03/04/2026"], "date", False),
        ("VIP", ["oui", "non"], "bool", False),
        ("Carte", ["Gold", "Silver", "Gold"], "text", False),
        ("Nom du conjoint", ["Jean", "Zoé"], "text", True),
        ("Parrain", ["Jean Petit", "Zoé Roux", "Luc Noir", "Léa Brun", "Max Gris", "Eva Vert"], "text", True),
        ("Divers", ["joindre au 0639980001", "zoe@exemple.fr"], "text", True),
        ("Compte", ["FR7630006000011234567890189", "FR7630006000011234567890188"], "text", True),
    ],
)
def test_own_columns_are_typed_and_personal_ones_sealed(
    header: str, cells: list[str], kind: str, private: bool
) -> None:
    _, found = columns.guess([["Portable", header], *([f"06399800{n:02d}", cell] for n, cell in enumerate(cells))])

    assert (found[1].kind, found[1].private) == (kind, private)


def test_two_columns_of_the_same_name() -> None:
    _, found = columns.guess([["Portable", "Note", "Note"], ["0639980001", "1", "2"]])

    assert [column.field for column in found[1:]] == ["attribute:note", "attribute:note_2"]


OWN = [
    columns.Column("Points cumulés", "attribute:points", "number"),
    columns.Column("Ville préférée", "attribute:ville_preferee", "text"),
    columns.Column("Mobile", "attribute:mobile", "bool"),
    columns.Column("Téléphone", "attribute:telephone", "text", private=True),
]


@pytest.mark.parametrize(
    ("_case", "header", "cells", "expected"),
    [
        ("by its label", ["E-mail", "POINTS CUMULES"], ["a@exemple.fr", "12"], ["email", "attribute:points"]),
        ("by its name", ["E-mail", "Points"], ["a@exemple.fr", "12"], ["email", "attribute:points"]),
        ("before a field of everybody", ["E-mail", "Ville préférée"], ["a@exemple.fr", "Lyon"],
         ["email", "attribute:ville_preferee"]),
        ("not when the values are others", ["E-mail", "Mobile"], ["a@exemple.fr", "0639980001"], ["email", "phone"]),
        ("not at the price of the only number", ["Prénom", "Téléphone"], ["Zoé", "06 39 98 00 01"],
         ["first_name", "phone"]),
        ("what the product did", ["E-mail", "Entrée"], ["a@exemple.fr", "2026-03-07"], ["email", ""]),
        ("what somebody eats", ["E-mail", "Entrée"], ["a@exemple.fr", "Salade"], ["email", "attribute:entree"]),
    ],
)  # fmt: skip
def test_a_field_that_exists_is_recognised(
    _case: str, header: list[str], cells: list[str], expected: list[str]
) -> None:
    _, found = columns.guess([header, cells], OWN)

    assert [column.field for column in found] == expected


def test_a_column_mapped_to_a_field_that_exists_takes_its_type() -> None:
    _, guessed = columns.guess([["E-mail", "Pts"], ["a@exemple.fr", "12"]])

    found = columns.chosen(["email", "attribute:points"], guessed, OWN)

    assert found[1] == OWN[0]

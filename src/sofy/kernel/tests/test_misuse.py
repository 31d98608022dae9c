"""Marketing in the alert lane is recognised, and real alerts are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.content import Button, Card, Content, Template
from sofy.kernel.misuse import HOLD, _glance, _read, score, skeleton, words
from sofy.kernel.tests import misuse_texts

ALERTS = """\
Votre code de vérification Banque Martin est 482913. Ne le communiquez à personne.
Votre colis 8G123 arrive demain entre 9h et 12h. Suivi : https://suivi.example.fr/8G123
Rappel : rendez-vous avec le Dr Lenoir le 12/03 à 14h30. Pour annuler : https://rdv.example.fr/a1
Votre facture de 45,90 € est disponible sur https://espace.example.fr/f/123
Alarme : intrusion détectée au magasin de Lyon à 02:13. Appelez le 01 99 00 11 22.
Votre commande 1234 est prête. Retrait en magasin jusqu'au 15/02, 19h.
Paiement de 89,00 € refusé. Vérifiez votre moyen de paiement : www.example.fr/compte
Température de la chambre froide : 12 %, seuil dépassé.
Connexion inhabituelle à votre compte. Si ce n'est pas vous : https://securite.example.fr
Votre solde de fidélité : 120 points. Votre demande est enregistrée.
Votre remboursement de 25 € est effectué.
G-482913 est votre code Google
L'école est fermée demain en raison de la neige.
Votre devis est prêt : https://devis.example.fr/77
Batterie à 5 % : rechargez votre traceur.
Votre livreur arrive dans 10 min. Suivez-le : https://l.example.fr/x
Votre inscription est confirmée. Retrouvez votre billet : https://billets.example.fr/1
Prélèvement de 29,99 € le 05/04 pour votre abonnement mobile.
Votre réservation du 12 mai pour 4 personnes est confirmée. A bientôt !
Votre dossier 4471 est incomplet, ajoutez les pièces sur https://dossier.example.fr
Coupure d'eau demain de 9h à 12h rue des Lilas.
Votre code promo de parrainage ne fonctionne plus ? Votre demande 881 est en cours.
Votre offre de prêt n° 5521 est signée. Votre dossier avance : https://pret.example.fr/5521
Stop : ne buvez pas l'eau du robinet jusqu'à nouvel ordre.
Votre voiture de location est prête, 2 jours offerts crédités sur votre compte.""".splitlines()
MARKETING = """\
Soldes ! -50% sur toute la collection jusqu'au dimanche. Profitez-en : https://shop.example.fr STOP SMS 36111
Vente privée ce samedi : 20% de remise en magasin. Découvrez nos nouveautés. STOP au 36111
Black Friday : -30% sur tout le site www.example.fr/bf
Offre spéciale : 10€ offerts dès 50€ d'achat. Profitez-en vite !
Gagnez un voyage ! Tentez votre chance sur https://jeu.example.fr
Cher client, profitez de -20 % avec le code promo ETE20 jusqu'au 30/06. www.example.fr/ete
Nouvelle collection à découvrir en magasin ! 1 acheté = 1 offert. STOP SMS 36222
Votre magasin vous gâte : un cadeau offert pour toute visite. Répondez STOP pour ne plus recevoir
Forfait mobile 100 Go à partir de 9,99 €, offre exclusive : https://mobile.example.fr
Votre colis de bonnes affaires : -40% sur les jouets, offre à saisir ! STOP SMS 36333
Déstockage massif, prix cassés sur la literie. En magasin ce week-end.
Profitez de nos soldes avant fermeture, jusqu'à -70 %. https://s.example.fr
Bonjour Léa, on vous offre 15% de réduction pour votre anniversaire ! STOP SMS 36111""".splitlines()

MORE_ALERTS = """\
Pharmacie de garde ce soir : Pharmacie des Lilas, 12 rue Pasteur, jusqu'à 8h. Appelez le 3237 avant de vous déplacer.
Votre ordonnance est prête à la pharmacie Martin. Apportez votre carte Vitale.
Votre colis XY123 est en point relais jusqu'au 28/11. Code retrait 4821.
Virement de 1 200,00 € vers M. DUPONT. Si vous n'en êtes pas à l'origine, appelez le 01 99 00 11 22.
Rappel RDV vaccination 27/11 10h20, centre Lyon 3. Annuler : https://rdv.example/x
Votre plafond carte est atteint à 80 %.
Le taux de votre livret passe de 3 % à 2,4 % au 1er février.
Votre consommation a augmenté de 35 % ce mois-ci. Détail : https://conso.example
Votre table pour 4 est réservée vendredi 20h au Petit Prix. A vendredi !
La cantine est gratuite demain en raison de la grève. La sortie est annulée.
Votre bon de réduction n'a pas pu être appliqué à la commande 4482 : 5,00 € remboursés.
Votre remise de chèque de 350,00 € est enregistrée.
Votre candidature à l'offre 2231 est retenue. Appelez-nous au 01 99 00 11 22.
Dernier rappel : facture 33 impayée, 45,20 €, coupure le 30/11. https://payer.example
Solde de votre compte au 23/11 : 1 203,55 €
Niveau de la cuve : 15 %. Pensez à commander.
Votre essai gratuit se termine le 30/11, puis 9,99 € par mois. Gérer : https://compte.example
Promotion interne : Mme Martin devient chef d'équipe, réunion à 9h salle B.
Votre code d'accès parking est 1234#.
Votre bon cadeau de 50€ acheté le 12/11 est ici : https://bon.example/1 Référence 4411
Remise des clés de votre logement le 2 décembre à 10h à l'agence.
Offre d'achat acceptée pour le bien rue des Lilas, compromis le 3/12 à 15h.
Votre forfait a atteint 80 % de ses données. Détails : https://compte.example
Relivraison gratuite demain : choisissez votre créneau sur https://livr.example/77
Vigilance orange orages de 16h à 23h. Evitez les déplacements.
La remise des prix du concours photo a lieu samedi à 15h, salle des fêtes.
Stop covoiturage annulé : votre conducteur a un empêchement.
Gratuit annulé : votre créneau de tennis de 18h est rendu.
Le marché de dimanche est annulé à cause du vent. Bons d'achat remboursés en mairie.
Votre dépistage gratuit : rendez-vous le 4/12 à 9h, labo Pasteur. Venez à jeun.
Ordre d'achat exécuté : 12 titres à 45,20 €, frais 0,5 %. Avis : https://bourse.example
Votre véhicule est réparé, 340 € TTC. Vous pouvez passer jusqu'à 18h30.
Marge d'appel : votre position perd 12 %. Solde à couvrir avant 17h : 1 250 €.
Carte bloquée après 3 essais. Nouveau code par courrier sous 5 jours.
Votre don de 50 € ouvre droit à 66 % de réduction d'impôt. Reçu fiscal : https://don.example/r/5
Votre abonnement passe à 21,99 € le 1er janvier. Résiliez sans frais jusqu'au 31/12 : https://op.example
Réouverture de votre agence lundi. En attendant, agence gratuite de remplacement rue Nationale.
Dr Morel absent le 27/11. En cas d'urgence, appelez le 15 ou la pharmacie de garde au 3237.
Rappel : prise de sang à jeun demain 8h au labo des Halles. Report : https://labo.example/r/1
Crédit Martin : retrait DAB de 60 € le 23/11 à 18:04. Pas vous ? Appelez le 01 99 00 77 88.
Votre carte se termine par 4411 expire le 30/11. La nouvelle arrive sous 5 jours ouvrés.
Votre découvert autorisé de 300 € est dépassé. Régularisez avant le 28/11 pour éviter des frais.
Chantier rue Pasteur : circulation coupée du 1er au 5 déc. Déviation par la rue des Lilas.
Votre commande de fleurs part à 14h. Elle sera remise à Mme Roux avant 17h.
Le train 8412 est retardé de 20 min. Correspondance maintenue, voie 4.
Votre prêt immobilier : l'offre est à signer avant le 10/12 sur https://pret.example/sign
Votre inscription au concours de la police est validée. Convocation : https://convoc.example
Bonjour, votre lave-linge est réparé, coût 89 €. Atelier ouvert jusqu'à samedi 18h.
Votre abonnement Sport+ sera renouvelé le 1/12 à 12,99 €/mois. Gérer : https://sp.example
URGENT : fuite de gaz, évacuez le bâtiment B immédiatement !!
Votre panier repas du foyer est prêt, distribution ce soir 18h-19h au 12 rue Hugo.
Votre taux d'alcool... rappel : contrôle technique à faire avant le 5/12, véhicule AB-123-CD.
Votre garde d'enfant du samedi est confirmée, de 19h à 23h, tarif 11 €/h.
Votre ami Paul vous a envoyé 25 € via Lilo. Solde : 112 €.
La bibliothèque est fermée ce week-end pour inventaire. Vos prêts sont prolongés jusqu'au 3/12.
Votre candidature est retenue, entretien lundi 9h, 3e étage. Merci de confirmer.
Code PIN de votre casier : 5521. Valable jusqu'à ce soir 20h.
Votre bon de livraison 8841 est signé. Facture jointe : https://fac.example/8841
Votre place de concert est disponible : https://billet.example/99. Ouverture des portes 19h.
Crèche : le goûter de Noël est gratuit et ouvert aux familles, vendredi 16h.
Votre échantillon gratuit commandé le 12/11 est expédié.
Votre dossier MaPrimeRénov' n° 8821 est accepté : 4 500 € d'aide pour l'isolation des combles.
Votre maison est sous alarme totale. Batterie détecteur salon : 10 %.
Votre consommation atteint 90 % du forfait. Au-delà : 0,05 €/Mo.
Votre cagnotte de 12,50 € expire le 30/11.
L'article que vous aviez demandé est arrivé en magasin, réf. 5512, à retirer sous 7 jours.
Assemblée générale des copropriétaires jeudi 19h, salle Pasteur. Venez avec votre pouvoir.""".splitlines()
#: In disguise, or with the words of a notice around it.
DISGUISED = """\
S O L D E S privées demain 9h, bouche à oreille : fleur.example
P-R-O-M-O demain chez Zélie, bouche à oreille
P R O M O chez Fleurs & Co : 3 bouquets pour le prix de 2, fleurs-co[.]fr
🔥🔥 -6O% ce week-end !!! 🛍️ bit.ly/3xYzA
S0LDES d'hiver : jusqu’à moins 70 pourcent, boutique en ligne ouverte 24/7
Nos nouveautés sont arrivées 😍 Venez les essayer samedi, un café vous attend !
Ce week-end, le 2e article à 1 euro. Rendez-vous dans votre boutique !
Code de vérification 482911. PS : soldes -50% sur shop.example.fr jusqu'à dimanche !
Votre compte fidélité vous offre 15€ dès 60€ d'achat, valable jusqu'au 30/11
VENTE PRIVEE: acces anticipe pour vous, code VIP24 -> hxxps://vip.example
Happy hour de 17h à 19h : 1 pinte achetée = 1 pinte offerte. On vous attend !
Parrainez un ami et recevez 30 € chacun. Lien : https://p.example/ab12
Assurance auto : comparez et économisez 300€/an. Rappel gratuit au 01 99 00 11 22
Isolation à 1€ : vérifiez votre éligibilité, places limitées. https://iso.example
Menu de la Saint-Valentin 49€ / pers. Réservez votre table au 01 99 00 22 33 ❤
Coucou, ton panier t'attend ! Finalise ta commande et profite de 10 % avec PANIER10 👉 https://x.example
Votre suivi de commande : rien à signaler. Profitez-en pour découvrir la nouvelle collection -30% https://m.example
Ｐｒｏｍｏ ２０％ sur tout le magasin, profitez-en
Prom0 flash : -25 % sur les jeans ce samedi
Pr\u200bomo de rentrée : -25 % sur les jeans ce samedi
Cyber Monday : jusqu'à –40 % sur la hi-fi, livraison gratuite
Jusqu’à 100€ remboursés pour l’achat d’un lave-linge. Offre valable en novembre
2 pizzas achetées, la 3ème offerte ce soir ! Commandez au 01 99 00 33 44
Flash sale! 50% off everything today only https://s.example
Promo : 2e paire à 1€ chez Optique Lumière, prenez rdv
Pr0m0 -3O% sh0p point example point fr
Bonjour Marie, votre coiffeur vous attend : couleur + coupe à 39€ au lieu de 65€ toute la semaine
Votre facture s'allège : -15 € ce mois-ci en parrainant un ami, offre valable jusqu'au 30/11 https://t.example/p
Sécurité : équipez votre maison d'une alarme dès 19,90 €/mois, devis gratuit, offre limitée https://al.example
Chère cliente, vos points valent double jusqu'à vendredi chez Beauté Lys. Venez en profiter
-2O€ sur votre prochaine révision avec le code REV20. Garage du Parc, 01 99 00 44 55
S.O.L.D.E.S chez Chaussmode : tout à -5O%, lien en bio
Le code 7741 vous ouvre les ventes VIP de ce soir : jusqu'à moins 60 % sur les marques
Salle de sport : 1er mois à 1 euro, sans engagement, inscription avant le 30. FitRoom Lyon
Plus que 48h pour bénéficier de 30% de réduc sur les pneus hiver
РROMО du jour : pizza reine 6€
Liquidation avant travaux ! Tout à moitié prix chez Meubles Bis
Last chance: 40% off sitewide, ends tonight https://s.example
Ne manquez pas notre braderie annuelle les 5 et 6 déc., entrée gratuite""".splitlines()
#: One of these may be meant for one person.
FOR_MANY = """\
Votre code 483920 vous donne droit à 20% sur toute la boutique : https://b.example/x
Livraison offerte ce week-end sur tout le site ! Commandez sur www.mode.example
Dernière chance ⏰ La Black Week se termine ce soir, tout doit disparaître
CPF : il vous reste 1 500 € de droits à la formation, ne les perdez pas : https://cpf.example
Votre magasin Bricolo sera ouvert dimanche 30 novembre de 10h à 18h. Venez nombreux !
Foire aux vins du 3 au 15 sept. Plus de 200 références à petits prix
PROMO ce samedi chez Optique Lumière
Grande braderie samedi place du marché, prix mini toute la journée
Rappel : votre rendez-vous shopping ! -30% dès 2 articles achetés chez Zélie, rdv en boutique
Info commande : profitez de 3 pour 2 sur vos cafés préférés avec votre abonnement. https://cafe.example
Alerte prix ! Le lave-vaisselle passe à 299 € au lieu de 449 €. Plus que 3 jours.
Boulangerie Martin : ce mardi, 4 croissants achetés le 5e est pour vous. A très vite !
Votre code de parrainage 558812 : 20 € pour vous, 20 € pour votre ami. https://ami.example
Confirmation : votre place pour notre soirée d'ouverture vous attend, cocktail offert, venez accompagné(e)
🎁🎁 Noël avant l'heure : un mug offert pour toute commande passée aujourd'hui sur mug.example.com
ENTREPRISES : mutuelle dès 19€/mois, rappelez-nous au 01 99 00 55 66 avant vendredi
Besoin d'argent ? Crédit 5000€ sous 24h sans justificatif : https://pret.example
Votre livraison préférée : 2 burgers = 1 boisson offerte ce soir avec Miam.
Info : la nouvelle carte d'automne est arrivée, réservez au 01 99 00 66 77, apéritif offert sur présentation de ce SMS
ｓｏｌｄｅｓ privés : accès avant tout le monde, mot de passe LILAS
Votre banque vous récompense : 80€ offerts pour toute ouverture d'un compte avant le 31/12
Votre rendez-vous beauté du mois : soin visage à 35 € au lieu de 50 €, places limitées
Maman mérite le meilleur : fêtez-la avec nos bouquets dès 25€, livrés en 2h
Jeu SMS : répondez A ou B et remportez un iPhone""".splitlines()


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("text", ALERTS + MORE_ALERTS + misuse_texts.ALERTS)
def test_real_alerts_are_let_go_however_many_there_are(text):
    points, reasons = score(text, alike=500, a_minute=500)

    assert points < HOLD, reasons


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("text", MARKETING + DISGUISED + misuse_texts.MARKETING)
def test_marketing_is_recognised_with_the_rules_that_spoke(text):
    points, reasons = score(text)

    assert points >= HOLD, reasons
    assert all(reason.code for reason in reasons)


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("text", FOR_MANY + misuse_texts.FOR_MANY)
def test_what_may_be_meant_for_one_is_held_when_it_goes_to_many(text):
    alone, _ = score(text)
    many, reasons = score(text, alike=500, a_minute=500)

    assert alone < HOLD <= many
    assert {"same_text", "send_rate"} <= {reason.code for reason in reasons}


def test_cards_mails_and_places_of_templates_are_read_too():
    card = Card(
        title="Soldes", text="-50 % sur tout", buttons=[Button(kind="url", label="Voir", value="https://a.example")]
    )
    mail = Content(subject="Black Friday", html="<p>Tout à <b>-30 %</b> ce week-end</p>")
    template = Content(template=Template(name="x", body=["vente privée", "-40 %"]))

    for content in (Content(cards=[card]), mail, template):
        assert score(words("", content))[0] >= HOLD
    assert words("Bonjour", None) == "Bonjour"


@pytest.mark.parametrize("text", [*ALERTS, *MORE_ALERTS, *MARKETING, *DISGUISED, *FOR_MANY])
def test_a_text_says_the_same_with_other_numbers(text):
    if _glance(text):
        assert _read(text)[1] == score(text)[1]


def test_a_text_that_was_read_is_known_with_another_number():
    score("Votre colis 104233 vous attend en boutique")
    read_before = _read.cache_info().misses

    score("Votre colis 104234 vous attend en boutique")

    assert _read.cache_info().misses == read_before


@pytest.mark.parametrize(
    "text", ["ⓅⓇⓄⓂⓄ demain chez Zélie", "🅿🆁🅾🅼🅾 demain chez Zélie", "ＰＲＯＭＯ demain", "PRОMО demain"]
)
def test_letters_that_only_look_like_letters_are_read(text):
    assert "offer" in {reason.code for reason in score(text)[1]}


@given(st.text(max_size=300))
def test_any_text_is_scored(text):
    points, reasons = score(text, 30, 200)

    assert points == sum(reason.points for reason in reasons)


def test_the_same_text_to_many_says_more():
    text = "Notre nouvelle carte est à découvrir : https://resto.example.fr -10 %"

    assert score(text, alike=100)[0] > score(text)[0]


def test_a_text_is_the_same_for_everybody_it_goes_to():
    one = skeleton("Bonjour Léa, -20 % jusqu'au 12/03 : https://a.example/x1")
    other = skeleton("Bonjour Jean-Marc, -30 % jusqu'au 14/05 : https://a.example/y2")

    assert one == other
    assert one != skeleton("Bonjour Léa, votre colis est arrivé")

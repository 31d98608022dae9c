"""Marketing in the alert lane is recognised, and real alerts are not."""

import pytest

from sofy.kernel.misuse import HOLD, score, skeleton

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


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("text", ALERTS)
def test_real_alerts_are_let_go_however_many_there_are(text):
    points, reasons = score(text, alike=500)

    assert points < HOLD, reasons


@pytest.mark.clause("CGVU 14.2")
@pytest.mark.parametrize("text", MARKETING)
def test_marketing_is_recognised_with_the_rules_that_spoke(text):
    points, reasons = score(text)

    assert points >= HOLD, reasons
    assert all(reason.code for reason in reasons)


def test_the_same_text_to_many_says_more():
    text = "Notre nouvelle carte est à découvrir : https://resto.example.fr -10 %"

    assert score(text, alike=100)[0] > score(text)[0]


def test_a_text_is_the_same_for_everybody_it_goes_to():
    one = skeleton("Bonjour Léa, -20 % jusqu'au 12/03 : https://a.example/x1")
    other = skeleton("Bonjour Jean-Marc, -30 % jusqu'au 14/05 : https://a.example/y2")

    assert one == other
    assert one != skeleton("Bonjour Léa, votre colis est arrivé")

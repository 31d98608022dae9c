"""Texts in English and French written by somebody who had not read the rules."""

ALERTS = """\
Votre code Maison Lenoir : 482913. Ne le communiquez à personne.
Your verification code is 771 204. It expires in 10 minutes.
Boulangerie Petit : votre commande 5521 est prête, à retirer en boutique avant 19h.
Optique Vallet : vos lunettes sont arrivées, vous pouvez passer les chercher en magasin du mardi au samedi.
Colis Express : votre colis sera livré aujourd'hui entre 14h et 16h. Suivi : https://colis.example/s/8Q2K
Your parcel is on its way and will arrive tomorrow. Track it: https://track.example.com/8812
Your order #4411 has shipped. Total 59.90 EUR. Details: https://shop.example.com/o/4411
Garage Morel : votre véhicule est prêt, montant 349,00 €. Ouvert jusqu'à 18h30.
Cabinet dentaire Roy : rappel de votre rendez-vous jeudi 12 à 9h15. Pour annuler : 01 99 00 12 34
Reminder: your appointment at Salon Iris is on Friday 3 pm. Reply C to confirm.
Banque Alma : paiement de 89,99 € chez BRICO DEPOT le 12/11. Pas vous ? Appelez le numéro au dos de votre carte.
Card payment of 42.10 EUR at SUPER SHOP approved. Not you? Call us.
Pharmacie du Port : votre ordonnance est prête. Nous sommes ouverts ce soir jusqu'à 20h.
Le magasin de Lyon sera fermé lundi 11 novembre. Votre retrait est reporté au mardi 12.
Fleurs & Co : la livraison de votre bouquet a été effectuée à 11h20. Merci !
EDF : coupure d'électricité prévue dans votre rue le 14/11 de 8h à 12h.
Alerte : température de la chambre froide à 9 °C. Intervention requise.
Votre facture de novembre (24,90 €) est disponible sur https://espace.example.fr/factures
Mutuelle Sante+ : votre remboursement de 23,00 € a été effectué ce jour.
Votre carte cadeau de 50 € achetée chez Maison Lenoir est activée, code 9981-2231.
Click & Collect : votre commande CC-88123 vous attend au magasin de Nantes. Pensez à votre pièce d'identité.
Your refund of 35.00 EUR has been issued. It should appear on your account within 5 days.
Nouveau mot de passe demandé pour votre compte. Si ce n'est pas vous, ignorez ce message.
New login to your account from Paris on Chrome. If this wasn't you, reset your password: https://id.example.com
Réservation confirmée : table pour 4 samedi à 20h30, Bistrot du Quai. À samedi !
Votre essai gratuit se termine demain. Sans action de votre part, l'abonnement de 9,99 €/mois débutera.
École Jules Ferry : pas de cantine demain, merci de prévoir un pique-nique.
L'article que vous avez commandé (Robe lin, 49,90 €) est épuisé, vous serez remboursé sous 48 h.
Delivery attempted today. Pick up your parcel at SHOP 24 from tomorrow 10:00, code 5521.
We tried to deliver your order today. Choose a new slot this week: https://track.example.com
Your free trial ends tomorrow. Your card will then be charged 9.99 EUR per month.
You have won the auction for lot 45. Please complete payment within 48 h.
Your gift card of 50 EUR is active. Card number ending 2231.
Store closed this Saturday for inventory. Your pickup moves to Monday.
Your subscription payment failed. Update your card at https://account.example.com
Security alert: we turned off your old device. If this wasn't you, call us.
Your table for 2 is booked tonight at 8 pm, Bistro Nine. Call 01 99 00 00 12 to cancel.
Your return was received; 35.00 EUR off your invoice 4411 has been credited.
Your discount card request was approved, you will receive it by post.
Reminder: school is off this Friday because of snow.
The power will be off in your street from 8 am to noon this Saturday.
Your seat is free to collect at desk 4. Booking ref ZX81.
Feel free to call us about your claim 99123.
Your doctor is running late: your appointment is now at 10:45.
The item you wanted is back: we will hold it for you until Friday, order 8817.
We will deal with your request within two days.
Save this number: it is your courier. Parcel 8123 arrives at 3 pm.
Your prescription is ready. Our pharmacy is open this Sunday.
Your account balance is 12.40 EUR. Top up to avoid interruption.
Your order 5521 qualified for free delivery and ships today.
One-time code 552-881 for your bank transfer. Never share it.
Your collection slot is tomorrow 9:00-10:00 at Lyon store, order 5521.
Water off tomorrow 8:00 to 12:00 for repairs.
Your car is ready for collection. Amount due: 349 EUR.""".splitlines()
#: For one or for many.
MARKETING = """\
Maison Lenoir : -20% sur toute la boutique ce week-end ! https://lenoir.example.fr
Your code SAVE20 gives you 20% off everything this weekend. Shop now: https://shop.example.com
Votre code 2024 : 10 € offerts dès 50 € d'achat jusqu'à dimanche.
New collection is here! Come and discover it in store this Saturday.
Hurry! Our summer sale ends tonight. Up to 50% off.
Win an iPhone: enter our prize draw at https://win.example.com
Votre colis promo : 3 produits achetés = 1 offert. Vite !
Rappel : nos soldes commencent mercredi à 8h, -50% sur une sélection.
Exclusive offer for our members: save 15 EUR when you spend 60 EUR.
Deal of the day: headphones only 19.99 EUR. Limited stock.
Don't miss our Black Friday deals, up to 70% off.
Vous nous manquez ! 5€ de remise sur votre prochaine visite avec ce SMS.
Flash sale starts now! Everything must go. https://flash.example.com
Cher client, p.r.o.m.o du jour : menu à 9,90 €
Subscribe now and get the first month free. Reply STOP to opt out.""".splitlines()
#: Marketing only when it goes to many.
FOR_MANY = """\
Info commande : profitez de 15% sur votre prochaine commande avec le code MERCI15
Bonne nouvelle : la nouvelle collection est arrivée en boutique, venez la découvrir !
Free shipping on all orders today only! https://shop.example.com
Buy one get one free on all pizzas tonight.
Votre avis compte ! Et pour vous remercier, -10% sur le prochain passage.
Alerte prix : votre article favori est à 29,90 € au lieu de 49,90 €
Votre compte fidélité : 200 points à dépenser avant dimanche en magasin, profitez-en !
We miss you! Here is 5 EUR off your next visit.
Refer a friend and you both get 10 EUR.
Anniversaire de la boutique : un cadeau pour chaque client samedi.
Sécurité : changez vos serrures, -30% cette semaine sur les portes blindées.
Votre rendez-vous shopping : vente privée jeudi 18h-21h, sur invitation.
Last days: two for the price of one on all sunglasses.
Livraison offerte sur tout le site aujourd'hui seulement, commandez sur https://site.example.fr
Place aux économies : tous les jouets à moitié prix dès demain.""".splitlines()

"""Articles 1 to 11 of the general terms in force since 24 March 2026, in their own words."""

from sofy.kernel.articles.article import Article

CGVU: dict[str, Article] = {
    "CGVU 1": Article(
        "Objet et champ d'application",
        (
            "Les présentes Conditions Générales de Vente et d'Utilisation (les « CGVU ») définissent les"
            " termes et conditions dans lesquels la société OPTIMA FRANCE, SAS au capital de 150000 €,"
            " immatriculée au RCS de PARIS sous le numéro 919 288 548 (ci-après « SOFY ») fournit au"
            " Client ses solutions logicielles et ses services de communications.",
            "Elles régissent l'intégralité de la relation commerciale, à l'exclusion de toutes conditions"
            " générales d'achat du Client, sauf accord écrit dérogatoire signé par les deux Parties.",
            "Le Client reconnaît avoir pris connaissance des présentes et les accepter sans réserve dès"
            " la signature du Bon de Commande ou l'accès aux Services.",
            "SOFY se réserve le droit de modifier les présentes CGVU avec un préavis de 30 jours pour les"
            " adapter aux évolutions du marché ou de la réglementation.",
        ),
    ),
    "CGVU 2": Article(
        "Documents contractuels",
        (
            "Le Contrat liant les Parties est constitué des documents suivants, par ordre de priorité décroissante :",
            "(1) Le Bon de Commande (ou Devis signé) détaillant les services spécifiques et les tarifs ;"
            " (2) L'Annexe Traitement des Données Personnelles (DPA) relative à la gestion des contacts"
            " et du RGPD ; (3) Les présentes CGVU.",
            "En cas de contradiction entre les termes de ces documents, le document de rang supérieur"
            " prévaudra pour l'obligation en cause.",
            "Aucun autre document (plaquettes commerciales, échanges d'emails, propositions orales) ne"
            " pourra être opposé à SOFY s'il n'a pas fait l'objet d'un accord écrit et signé.",
        ),
    ),
    "CGVU 3.3": Article(
        "Description détaillée des produits et services : SoReach",
        (
            "Solution SaaS d'engagement marketing pour diffuser des campagnes omnicanales (SMS, RCS,"
            " Email) avec outils de segmentation et d'analyse.",
        ),
    ),
    "CGVU 3.4": Article(
        "Description détaillée des produits et services : Services de Messagerie",
        ("Routage technique de flux SMS (Marketing/Alerte), RCS et WhatsApp.",),
    ),
    "CGVU 4": Article(
        "Nombre de points de vente (POI) et établissements",
        (
            "Le droit d'utilisation des Applications SaaS est concédé exclusivement pour le nombre"
            " spécifique de Points de Vente (POI) ou établissements stipulé au Bon de Commande.",
            "Le Client s'engage à informer SOFY de toute ouverture d'établissement supplémentaire"
            " nécessitant l'usage des Services, laquelle fera l'objet d'une facturation complémentaire au"
            " tarif en vigueur.",
            "À l'inverse, si le Client réduit le nombre de points de vente actifs en cours de Période"
            " Initiale ferme, aucun remboursement ni diminution du prix forfaitaire engagé ne pourra être"
            " exigé par le Client avant le terme de ladite période, le contrat ayant été calibré sur un"
            " volume global négocié.",
        ),
    ),
    "CGVU 5.1": Article(
        "Accès, onboarding et support : Onboarding",
        (
            'SOFY assure une prestation de mise en service obligatoire ou optionnelle ("Onboarding")'
            " comprenant l'audit des besoins, le paramétrage technique des comptes, l'importation"
            " sécurisée des bases de données de contacts et la formation initiale des administrateurs.",
            "Ces frais de mise en œuvre sont exigibles en totalité dès la signature du Bon de Commande.",
        ),
    ),
    "CGVU 6": Article(
        "Développement continu et évolution",
        (
            "SOFY s'engage dans une démarche d'amélioration constante de ses outils.",
            "Le Client reconnaît et accepte que SOFY se réserve le droit de développer, modifier ou"
            " supprimer certaines fonctionnalités des Applications afin d'offrir des innovations et des"
            " mises à jour de performance.",
            "SOFY s'engage cependant à maintenir un niveau de service et de fonctionnalités globalement"
            " équivalent à la version précédente, de sorte que l'usage principal souscrit par le Client"
            " ne soit pas altéré.",
            "Ces mises à jour sont intégrées de plein droit dans l'abonnement du Client sans surcoût,"
            " sauf s'il s'agit de modules optionnels nouveaux faisant l'objet d'une tarification"
            " spécifique.",
        ),
    ),
    "CGVU 7.1": Article(
        "Retards de paiement : Pénalités",
        (
            "Tout retard de paiement entraîne l'application de pénalités égales à 3 fois le taux"
            " d'intérêt légal et d'une indemnité forfaitaire de 40 €.",
        ),
    ),
    "CGVU 7.2": Article(
        "Procédure de suspension et clause pénale",
        (
            "En cas de défaut de paiement à l'échéance, SOFY adressera au Client une mise en demeure par"
            " email avec accusé de réception.",
            "À défaut de régularisation dans un délai de cinq (5) jours ouvrés suivant cette mise en"
            " demeure, SOFY pourra suspendre l'accès aux Services.",
            "La suspension des Services consécutive à un défaut de paiement imputable exclusivement au"
            " Client ne constitue pas une inexécution contractuelle de la part de SOFY.",
            "En conséquence, les redevances d'abonnement continuent de courir pendant toute la durée de"
            " la suspension, à titre de clause pénale au sens de l'article 1231-5 du Code civil, destinée"
            " à réparer forfaitairement le préjudice subi par SOFY du fait de l'immobilisation de la"
            " capacité technique réservée au Client.",
            "Le Client reconnaît expressément que ce montant forfaitaire est proportionné au regard de"
            " l'investissement infrastructure engagé par SOFY.",
            "Cette clause pénale s'applique sans préjudice des pénalités de retard prévues à l'article"
            " 7.1 et du droit de SOFY à résilier le contrat conformément à l'article 8.",
            "En cas de détection d'une activité frauduleuse (phishing, spam, SMS Pumping) ou d'une menace"
            " pour l'intégrité de la plateforme, SOFY procède à une suspension immédiate et sans préavis.",
            "Cette suspension d'urgence ne donne lieu à aucune indemnité au profit du Client et n'ouvre"
            " aucun droit à avoir ou remboursement des redevances en cours.",
        ),
    ),
    "CGVU 8.1": Article(
        "Durée et résiliation : Engagement",
        ("Le contrat est ferme pour la durée prévue au Bon de Commande (12, 24 ou 36 mois).",),
    ),
    "CGVU 8.2": Article(
        "Durée et résiliation : Dénonciation",
        ("Préavis de quarante-cinq (45) jours avant la date anniversaire par LRAR ou email à resiliation@sofy.fr.",),
    ),
    "CGVU 8.3": Article(
        "Durée et résiliation : Évolutivité des POI",
        (
            "Le Client peut augmenter son nombre de Points de Vente à tout moment.",
            "Pour toute réduction de POI, celle-ci ne prendra effet qu'à la fin de la période"
            " contractuelle en cours, sauf accord commercial spécifique mentionné au Bon de Commande.",
        ),
    ),
    "CGVU 9.1": Article(
        "Prix et devises",
        (
            "Les prix des Services sont indiqués sur le Bon de Commande en Euros Hors Taxes (HT).",
            "Ils sont établis sur la base des tarifs en vigueur au moment de la signature.",
            "En cas de prestations s'étalant sur plusieurs années, SOFY applique une révision annuelle"
            " basée sur l'indice SYNTEC conformément à l'article 6.1.",
        ),
    ),
    "CGVU 9.2": Article(
        "Application de la TVA",
        (
            "La Taxe sur la Valeur Ajoutée (TVA) est appliquée en sus du montant HT selon les"
            " dispositions fiscales en vigueur au jour de la facturation.",
            "Pour les Clients établis en France : La TVA française au taux normal est appliquée de plein droit.",
            "Pour les Clients établis dans l'Union Européenne (hors France) :"
            " Si le Client fournit un numéro de TVA intracommunautaire valide, la facture est émise hors"
            " taxes en application du mécanisme de l'autoliquidation (Reverse Charge), conformément à"
            " l'article 196 de la Directive 2006/112/CE.",
            "À défaut de communication d'un numéro valide, la TVA française sera appliquée.",
            "Pour les Clients établis hors Union Européenne :"
            " La prestation est facturée hors taxes, le Client étant responsable de l'acquittement des"
            " taxes locales dans son pays de résidence.",
        ),
    ),
    "CGVU 9.3": Article(
        "Taxes et redevances tierces",
        (
            "Ces montants seront refacturés au Client à l'euro-l'euro, sans marge additionnelle de SOFY.",
            "Le Client s'engage à les régler sans délai, sauf en cas d'erreur manifeste de calcul ou de"
            " facturation dûment prouvée par le Client.",
        ),
    ),
    "CGVU 10.1": Article(
        "Moyens de règlement",
        (
            "SOFY accepte exclusivement le prélèvement SEPA et le virement bancaire.",
            "Le Client doit garantir la provision de son compte.",
        ),
    ),
    "CGVU 10.2": Article(
        "Délais et escompte",
        (
            "Le règlement est fixé à trente (30) jours nets.",
            "SOFY accorde un escompte de 1% sur le montant HT pour tout paiement effectué sous huit (8)"
            " jours calendaires suivant l'émission de la facture.",
            "Passé ce délai, le montant nominal est exigible.",
        ),
    ),
    "CGVU 11": Article(
        "Suspension des services",
        (
            "SOFY se réserve la faculté de suspendre l'accès aux Applications et aux Services de"
            " Messagerie dans les conditions suivantes :",
            "La suspension intervient uniquement après respect de la procédure de mise en demeure prévue"
            " à l'article 7.2.",
            "Pendant toute la durée de la suspension imputable au Client, les redevances d'abonnement"
            " demeurent exigibles à titre de clause pénale forfaitaire, conformément à l'article 7.2, en"
            " réparation du préjudice lié au maintien de la capacité technique dédiée au Client.",
            "La facturation reprend son cours normal dès la levée de la suspension.",
            "Par exception, si la suspension est due à une faute exclusive et dûment établie de SOFY,"
            " aucune redevance ne sera facturée pour la période d'indisponibilité, et le Client pourra"
            " solliciter un avoir compensatoire selon les modalités de l'article 28 (SLA).",
            "L'accès est suspendu sans préavis en cas de risque avéré pour l'intégrité de"
            " l'infrastructure de SOFY ou de détection d'activités illicites.",
            "Cette suspension ne génère aucune indemnité au bénéfice du Client.",
            "La facturation des abonnements est maintenue à titre de clause pénale, dans les conditions"
            " visées au (i) ci-dessus.",
        ),
    ),
}

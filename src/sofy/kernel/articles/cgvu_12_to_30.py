"""Articles 12 to 30 of the general terms in force since 24 March 2026, in their own words."""

from sofy.kernel.articles.article import Article

CGVU: dict[str, Article] = {
    "CGVU 12": Article(
        "Responsabilité éditoriale du client",
        (
            "Le Client agit en qualité d'Éditeur exclusif des contenus diffusés via les Services au sens"
            " de la Loi n° 86-1067 du 30 septembre 1986.",
            "À ce titre, il assume l'entière responsabilité de la licéité des données et messages transmis.",
            "Le Client garantit détenir tous les droits de propriété intellectuelle sur les contenus"
            " (textes, logos, images).",
            "Sont strictement interdits les contenus pornographiques, violents, haineux, racistes ou"
            " incitant à la discrimination.",
            "SOFY n'exerce aucun contrôle éditorial préalable mais coopérera avec toute autorité"
            " judiciaire pour identifier le Client en cas de litige.",
            "Le Client garantit SOFY contre toute réclamation de tiers liée aux contenus diffusés et"
            " s'engage à prendre à sa charge l'intégralité des frais de défense et condamnations"
            " éventuelles.",
        ),
    ),
    "CGVU 13": Article(
        "Conformité réglementaire (AF2M)",
        (
            "Le Client s'engage à respecter les cadres légaux et les chartes déontologiques de l'AF2M et"
            " des régulateurs télécoms.",
            "Le non-respect de ces règles peut entraîner des sanctions pécuniaires et la suspension"
            " définitive des Services.",
            "Le Client reconnaît avoir pris connaissance des guides de bonnes pratiques suivants :",
            "Toute amende infligée à SOFY du fait d'un manquement du Client sera intégralement refacturée à ce dernier,"
            " majorée de 15% pour frais de gestion administrative.",
        ),
    ),
    "CGVU 14.1": Article(
        "Cadre horaire des envois : SMS Marketing",
        (
            "Les campagnes promotionnelles sont autorisées tous les jours (y compris dimanches et jours"
            " fériés), mais demeurent strictement interdites entre 20h00 et 08h00.",
            'La mention "STOP SMS" est obligatoire sous peine de suspension immédiate.',
        ),
    ),
    "CGVU 14.2": Article(
        "Cadre horaire des envois : Messages d'Alerte",
        (
            "Les notifications transactionnelles, codes de validation OTP et alertes de sécurité sont"
            " autorisés 24h/24 et 7j/7.",
            "Le Client s'interdit d'utiliser le canal \"Alerte\" pour diffuser du contenu marketing.",
        ),
    ),
    "CGVU 14.3": Article(
        "Cadre horaire des envois : Défaillance Tiers",
        (
            "SOFY décline toute responsabilité en cas de défaillance des réseaux Meta (WhatsApp), Google"
            " (RCS) ou des opérateurs de transit.",
        ),
    ),
    "CGVU 15": Article(
        "Sécurité API et fraude (AIT)",
        (
            "Le Client est responsable de la sécurité de ses identifiants API.",
            "Tout trafic généré via ses accès est facturé.",
            "Par exception, sa responsabilité n'est pas engagée s'il est démontré par audit que le"
            " détournement provient exclusivement d'une faille de sécurité critique de la plateforme"
            " SOFY.",
            "SOFY alerte le Client sous 24h ouvrées en cas de fraude suspectée (SMS Pumping).",
        ),
    ),
    "CGVU 16": Article(
        "Propriété intellectuelle",
        (
            "SOFY conserve la propriété exclusive de tous les logiciels, codes sources, API et"
            " savoir-faire relatifs à SoView, SoConnect et SoReach.",
            "Le Client bénéficie d'une licence d'utilisation personnelle et non-transférable.",
            "Sont interdits : l'ingénierie inverse, la décompilation, la création d'œuvres dérivées et"
            ' l\'extraction automatisée de données ("scraping").',
            "Toute violation constitue une contrefaçon passible de poursuites et de résiliation immédiate.",
        ),
    ),
    "CGVU 17": Article(
        "Sécurité et données (ISO 27001)",
        (
            "SOFY s'engage à maintenir un niveau de sécurité conforme à la norme ISO 27001.",
            "Le stockage des Carnets d'Adresses et Contacts est effectué sur des infrastructures"
            " sécurisées situées exclusivement en Union Européenne.",
            "SOFY garantit l'étanchéité logique des données entre ses Clients et le chiffrement des flux (TLS 1.2+).",
            "SOFY n'utilisera jamais les contacts du Client pour son propre compte.",
            "Le Client demeure seul Responsable de Traitement et garantit avoir obtenu le consentement"
            " (Opt-in) des personnes concernées conformément au RGPD.",
        ),
    ),
    "CGVU 18": Article(
        "Confidentialité",
        (
            "Chacune des Parties s'engage à considérer comme strictement confidentielles toutes les"
            " informations, données, spécifications techniques, stratégies commerciales et documents de"
            " toute nature communiqués par l'autre Partie dans le cadre de l'exécution du Contrat.",
            "Le Client reconnaît expressément que les tarifs préférentiels négociés, les méthodes"
            " d'Onboarding et les spécifications techniques des API SOFY constituent des secrets"
            " commerciaux stratégiques protégés.",
            "Les Parties s'obligent à :",
            "(i) ne pas divulguer ces informations à des tiers autres que leurs préposés ou conseils"
            " soumis au secret professionnel ; (ii) prendre toutes les mesures de sécurité logiques et"
            " physiques pour prévenir toute fuite de données ; (iii) ne pas exploiter ces informations"
            " confidentielles pour leur propre compte ou pour celui de tiers en dehors de l'exécution du"
            " Contrat.",
            "Cette obligation de confidentialité entre en vigueur dès la signature du Contrat et survivra"
            " pendant une période ferme de cinq (5) années consécutives à compter de son expiration ou de"
            " sa résiliation, quelle qu'en soit la cause.",
            "Toute violation du secret des affaires par le Client engagera sa responsabilité civile et"
            " pourra donner lieu à une demande de provision pour dommages et intérêts au titre du"
            " préjudice financier subi par SOFY",
        ),
    ),
    "CGVU 19": Article(
        "Non-sollicitation de personnel",
        (
            "Pendant toute la durée de la relation contractuelle et durant les douze (12) mois suivant la"
            " fin de celle-ci, quelle qu'en soit la cause (résiliation, expiration du terme ou rupture"
            " amiable), le Client s'interdit formellement de solliciter en vue d'une embauche, d'engager"
            " ou de faire travailler sous quelque forme que ce soit (salarial, sous-traitance, conseil),"
            " directement ou par personne interposée, tout collaborateur, salarié ou consultant de SOFY"
            " ayant participé activement à l'exécution, au déploiement ou au support des Services"
            " souscrits.",
            "Cet engagement de non-débauchage est essentiel pour préserver le savoir-faire et"
            " l'investissement humain de SOFY.",
            "En cas de manquement à cette obligation, le Client s'engage à verser à SOFY, à titre de"
            " clause pénale irréductible, une indemnité forfaitaire égale à six (6) mois de la"
            " rémunération brute annuelle (primes et avantages inclus) que percevait le collaborateur"
            " concerné au moment de son départ.",
            "Cette indemnité sera due immédiatement dès le constat de la collaboration illicite.",
            "Le versement de cette somme ne prive pas SOFY du droit de demander la cessation immédiate du"
            " trouble manifestement illicite devant les juridictions compétentes.",
        ),
    ),
    "CGVU 20": Article(
        "Assurances",
        (
            "SOFY est titulaire d'une police d'assurance Responsabilité Civile Professionnelle (incluant"
            " les risques Cyber) auprès d'une compagnie notoirement solvable, couvrant les dommages"
            " causés dans le cadre de ses prestations SaaS et Télécom.",
            "Le Client s'engage à maintenir sa propre assurance pour ses activités et renonce à tout"
            " recours contre SOFY au-delà des plafonds de garantie prévus à l'article 21.",
        ),
    ),
    "CGVU 21.1": Article(
        "Limitation de responsabilité : Plafond",
        (
            "L'indemnisation totale cumulée est plafonnée au montant HT payé par le Client au cours des"
            " douze (12) derniers mois précédant le fait générateur.",
        ),
    ),
    "CGVU 21.2": Article(
        "Limitation de responsabilité : Exceptions",
        (
            "Ce plafond ne s'applique pas en cas de faute lourde, dommages corporels ou violation grave"
            " du RGPD par SOFY.",
        ),
    ),
    "CGVU 21.3": Article(
        "Limitation de responsabilité : Exclusion",
        (
            "SOFY ne répond pas des dommages indirects (perte de profit, d'image).",
            "Le Client renonce à tout recours contre les autres entités, actionnaires ou dirigeants du"
            " Groupe Optima Group.",
        ),
    ),
    "CGVU 22": Article(
        "Réserve de propriété",
        (
            "SOFY se réserve expressément la propriété pleine et entière des produits, livrables,"
            " développements spécifiques et droits d'usage des Applications jusqu'au paiement intégral et"
            " définitif du prix convenu en principal, frais et accessoires.",
            "Le paiement ne sera considéré comme effectué qu'au moment de l'encaissement effectif des fonds par SOFY.",
            "En cas de défaut de paiement à l'échéance d'une seule facture, SOFY pourra, sans mise en"
            " demeure préalable, procéder à la désactivation immédiate des accès logiciels et revendiquer"
            " la restitution de tout matériel fourni aux frais et risques du Client.",
            "Le Client s'interdit de donner en gage ou de transférer la propriété des éléments sous"
            " réserve de propriété avant leur complet règlement.",
            "En cas de procédure de redressement ou de liquidation judiciaire, le Client s'engage à"
            " informer immédiatement SOFY afin que cette dernière puisse exercer son droit de"
            " revendication conformément aux dispositions légales en vigueur.",
            "Les risques de perte ou de détérioration sont toutefois transférés au Client dès la mise en"
            " service des Applications.",
        ),
    ),
    "CGVU 23": Article(
        "Force majeure",
        (
            "Sont considérés comme cas de force majeure : les grèves totales ou partielles des opérateurs"
            " télécoms, les pannes d'énergie nationales, les cyber-attaques étatiques et tout événement"
            " imprévisible et irrésistible rendant impossible l'exécution des Services tel que défini par"
            " l'article 1218 du Code civil.",
        ),
    ),
    "CGVU 24": Article(
        "Sous-traitance et cession",
        (
            "SOFY peut sous-traiter tout ou partie de ses prestations à des tiers (hébergeurs, agrégateurs).",
            "SOFY se réserve le droit de céder le contrat à toute société de son Groupe ou tiers de son choix.",
            "Le Client ne peut céder le contrat sans l'accord écrit préalable de SOFY.",
        ),
    ),
    "CGVU 27": Article(
        "Modification des CGVU",
        (
            "SOFY peut modifier les CGVU.",
            "Toute modification substantielle est notifiée avec un préavis de 30 jours.",
            "En cas de refus motivé, le Client peut résilier le Contrat sans frais, sous réserve du"
            " paiement des services consommés",
        ),
    ),
    "CGVU 28": Article(
        "Engagements de niveau de service (SLA)",
        (
            "SOFY s'engage à assurer une disponibilité annuelle de ses Applications SaaS (SoView,"
            " SoConnect, SoReach) à hauteur de 99,5 % et un taux de réussite de routage des flux de"
            " messagerie vers les passerelles opérateurs de 99,9 % .",
            "Ces taux sont calculés hors périodes de maintenance programmée et hors défaillances"
            " imputables aux réseaux tiers (opérateurs de télécommunications, plateformes Meta ou Google)"
            " dont SOFY n'a pas la maîtrise.",
            "En cas de non-respect de ces seuils de disponibilité dû exclusivement à une faute de SOFY,"
            " le Client pourra solliciter des avoirs compensatoires:",
            "< 99,5% : 5% d'avoir sur la redevance mensuelle.",
            "< 98% : 15% d'avoir.",
            "< 95% : 30% d'avoir.",
            "SOFY s'efforce de réaliser les opérations de maintenance durant les heures non ouvrées"
            " (20h00 - 08h00 CET).",
            "SOFY informera le Client par email au moins quarante-huit (48) heures à l'avance pour toute"
            " intervention susceptible d'impacter la disponibilité des Services",
            "Les demandes d'avoirs doivent être transmises sous 15 jours après le mois de l'incident,"
            " accompagnées des preuves techniques du dysfonctionnement.",
            "Un SLA renforcé peut être proposé dans le cadre d'un contrat spécifique.",
        ),
    ),
    "CGVU 29": Article(
        "Lutte contre la corruption (Sapin II)",
        (
            "Les Parties s'engagent à respecter les lois anti-corruption (Loi Sapin II).",
            "Tout manquement grave du Client à l'éthique commerciale autorisera SOFY à résilier le"
            " contrat sans préavis ni indemnité.",
        ),
    ),
    "CGVU 30": Article(
        "Réversibilité et fin de contrat",
        (
            "En cas de cessation de la relation contractuelle, quelle qu'en soit la cause, SOFY s'engage"
            " à restituer au Client, à sa première demande, l'intégralité de ses Données (contacts,"
            " historiques) dans un format structuré standard (type CSV ou JSON).",
        ),
    ),
}

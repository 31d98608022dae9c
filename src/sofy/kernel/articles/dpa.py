"""The annex on personal data (DPA) of 24 March 2026, in its own words."""

from sofy.kernel.articles.article import Article

DPA: dict[str, Article] = {
    "DPA 2": Article(
        "Qualification des Parties et instructions de traitement",
        (
            "Dans le cadre du présent Contrat, le Client agit en qualité de Responsable de traitement, au"
            " sens du RGPD, dès lors qu'il détermine seul les finalités et les moyens essentiels du"
            " traitement.",
            "SOFY agit en qualité de Sous-traitant, exécutant les traitements pour le compte du Client"
            " sur la base d'instructions documentées.",
            "Le Client est seul responsable de la licéité des traitements, de la définition des finalités"
            " poursuivies, ainsi que de la conformité des données collectées.",
            "SOFY s'engage à ne traiter les données personnelles que sur instruction documentée du"
            " Client, y compris en ce qui concerne les transferts vers un pays tiers.",
            "Si SOFY estime qu'une instruction constitue une violation du RGPD ou de toute autre"
            " disposition applicable en matière de protection des données, elle en informe immédiatement"
            " le Client.",
            "SOFY s'interdit d'utiliser les données personnelles pour son propre compte, à des fins"
            " commerciales, analytiques ou d'amélioration produit non autorisées.",
            "Les traitements effectués sont strictement limités à ceux nécessaires à l'exécution des"
            " Services, tels que définis contractuellement.",
            "Toute évolution substantielle des traitements devra faire l'objet d'une validation préalable du Client.",
        ),
    ),
    "DPA 3": Article(
        "Description détaillée des traitements",
        (
            "SOFY est amenée à traiter des données personnelles dans le cadre des opérations suivantes :",
            "gestion des bases de contacts et segmentation marketing",
            "diffusion de campagnes multicanales (SMS, RCS, WhatsApp, Email)",
            "gestion des interactions conversationnelles",
            "collecte et analyse des performances des campagnes",
            "journalisation des actions et des accès",
            "sécurisation des systèmes et prévention des fraudes",
            "Les traitements incluent des opérations automatisées et non automatisées, réalisées via des"
            " infrastructures sécurisées.",
            "Les données sont traitées dans le cadre d'une plateforme SaaS accessible en ligne, avec des"
            " accès sécurisés.",
            "Les traitements peuvent impliquer des interactions avec des prestataires tiers (opérateurs"
            " télécoms, plateformes de messagerie).",
            "SOFY n'intervient pas dans la définition des campagnes ni dans la qualification des destinataires.",
            "Le traitement est réalisé de manière transparente, traçable et sécurisée.",
        ),
    ),
    "DPA 4": Article(
        "Catégories de données et personnes concernées",
        (
            "Les données personnelles susceptibles d'être traitées incluent :",
            "données d'identification (nom, prénom)",
            "coordonnées (numéro de téléphone, adresse email)",
            "données de segmentation marketing",
            "données comportementales (interactions, clics, réponses)",
            "historiques d'échanges",
            "logs techniques et métadonnées",
            "SOFY ne traite pas intentionnellement de données sensibles au sens du RGPD.",
            "Le Client s'engage à ne pas transmettre de données sensibles sauf accord spécifique.",
            "Toute donnée excessive ou non pertinente doit être exclue par le Client.",
        ),
    ),
    "DPA 5": Article(
        "Obligations du Client",
        (
            "Le Client s'engage à :",
            "disposer d'une base légale valide pour chaque traitement",
            "informer les personnes concernées conformément au RGPD",
            "recueillir le consentement lorsque nécessaire",
            "respecter les règles ePrivacy et anti-spam",
            "garantir l'exactitude des données",
            "Le Client est responsable de la gestion des droits des personnes concernées.",
            "Il s'engage à ne pas utiliser les Services à des fins illicites ou contraires aux"
            " réglementations applicables.",
            "Le Client assume l'entière responsabilité des contenus diffusés et des campagnes réalisées.",
            "Il garantit SOFY contre toute réclamation liée à un manquement à ces obligations.",
        ),
    ),
    "DPA 6": Article(
        "Obligations de SOFY",
        (
            "SOFY s'engage à :",
            "traiter les données uniquement sur instruction du Client",
            "garantir la confidentialité et l'intégrité des données",
            "limiter l'accès aux seules personnes autorisées",
            "former ses équipes à la protection des données",
            "mettre en place des contrôles internes réguliers",
            "SOFY veille à ce que toute personne ayant accès aux données soit soumise à une obligation de"
            " confidentialité.",
            "Elle met en œuvre des procédures de gestion des incidents et des violations.",
            "Elle tient un registre des traitements réalisés pour le compte du Client.",
            "Elle coopère avec le Client pour garantir la conformité globale.",
        ),
    ),
    "DPA 7": Article(
        "Mesures de sécurité techniques et organisationnelles",
        (
            "SOFY met en œuvre des mesures de sécurité conformes aux standards ISO 27001, incluant notamment :",
            "chiffrement des données en transit (TLS 1.2 ou supérieur)",
            "chiffrement des données au repos (AES-256 ou équivalent)",
            "gestion stricte des accès (IAM, authentification forte)",
            "journalisation et traçabilité des actions",
            "segmentation des environnements (production, test)",
            "sauvegardes régulières et sécurisées",
            "Des audits internes et externes peuvent être réalisés régulièrement.",
            "SOFY met en place des politiques de sécurité documentées.",
            "Les accès sont revus périodiquement.",
            "Des tests de sécurité (pentests) peuvent être réalisés.",
        ),
    ),
    "DPA 8": Article(
        "Sous-traitance ultérieure",
        ("Une liste à jour des sous-traitants est disponible sur demande.",),
    ),
    "DPA 9": Article(
        "Transferts internationaux de données",
        (
            "Des transferts hors UE peuvent intervenir, notamment via WhatsApp.",
            "SOFY s'engage à encadrer ces transferts par :",
            "des Clauses Contractuelles Types",
            "des garanties appropriées",
            "Le Client est informé des risques potentiels liés à ces transferts.",
            "SOFY veille à minimiser les flux hors UE.",
        ),
    ),
    "DPA 10": Article(
        "Notification des violations de données",
        ("SOFY notifie toute violation dans un délai maximum de 48 heures.",),
    ),
    "DPA 11": Article(
        "Assistance au Client",
        (
            "SOFY assiste le Client pour :",
            "les demandes d'exercice de droits",
        ),
    ),
    "DPA 12": Article(
        "Conservation des données",
        (
            "Les données sont conservées :",
            "pendant la durée du contrat",
            "puis selon les obligations légales",
            "SOFY applique des politiques de rétention strictes.",
        ),
    ),
    "DPA 13": Article(
        "Restitution et suppression",
        (
            "À la fin du contrat :",
            "restitution des données sur demande",
            "suppression sous 30 jours",
            "Les logs peuvent être conservés si requis.",
        ),
    ),
    "DPA 14": Article(
        "Audit et contrôle",
        (
            "Le Client peut auditer SOFY :",
            "une fois par an",
        ),
    ),
    "DPA 15": Article(
        "Dispositions finales",
        (
            "La présente DPA est intégrée au Contrat.",
            "Elle prévaut en matière de données personnelles.",
            "Toute modification doit être formalisée par écrit.",
        ),
    ),
}

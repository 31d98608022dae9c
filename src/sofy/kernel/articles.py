"""The articles of the contract that code refers to, with their own words (in French, verbatim).

Source: Conditions Générales de Vente et d'Utilisation (CGVU) of 24 March 2026 and their annex on personal data (DPA).
"""

from typing import NamedTuple


class Article(NamedTuple):
    """One article: its title and the sentences that oblige somebody to something."""

    title: str
    sentences: tuple[str, ...]


ARTICLES: dict[str, Article] = {
    "CGVU 3.3": Article(
        "Description détaillée des produits et services : SoReach",
        (
            "Solution SaaS d'engagement marketing pour diffuser des campagnes omnicanales (SMS, RCS, Email) avec outils"
            " de segmentation et d'analyse.",
        ),
    ),
    "CGVU 3.4": Article(
        "Description détaillée des produits et services : Services de Messagerie",
        ("Routage technique de flux SMS (Marketing/Alerte), RCS et WhatsApp.",),
    ),
    "CGVU 7.2": Article(
        "Procédure de suspension et clause pénale",
        (
            "À défaut de régularisation dans un délai de cinq (5) jours ouvrés suivant cette mise en demeure, SOFY pourra"
            " suspendre l'accès aux Services.",
            "En cas de détection d'une activité frauduleuse (phishing, spam, SMS Pumping) ou d'une menace pour"
            " l'intégrité de la plateforme, SOFY procède à une suspension immédiate et sans préavis.",
        ),
    ),
    "CGVU 11": Article(
        "Suspension des services",
        (
            "SOFY se réserve la faculté de suspendre l'accès aux Applications et aux Services de Messagerie dans les"
            " conditions suivantes :",
            "L'accès est suspendu sans préavis en cas de risque avéré pour l'intégrité de l'infrastructure de SOFY ou de"
            " détection d'activités illicites.",
        ),
    ),
    "CGVU 12": Article(
        "Responsabilité éditoriale du client",
        (
            "Le Client agit en qualité d'Éditeur exclusif des contenus diffusés via les Services au sens de la Loi n°"
            " 86-1067 du 30 septembre 1986.",
            "Sont strictement interdits les contenus pornographiques, violents, haineux, racistes ou incitant à la"
            " discrimination.",
            "SOFY n'exerce aucun contrôle éditorial préalable mais coopérera avec toute autorité judiciaire pour"
            " identifier le Client en cas de litige.",
        ),
    ),
    "CGVU 13": Article(
        "Conformité réglementaire (AF2M)",
        (
            "Le Client s'engage à respecter les cadres légaux et les chartes déontologiques de l'AF2M et des régulateurs"
            " télécoms.",
            "Le non-respect de ces règles peut entraîner des sanctions pécuniaires et la suspension définitive des"
            " Services.",
        ),
    ),
    "CGVU 14.1": Article(
        "Cadre horaire des envois : SMS Marketing",
        (
            "Les campagnes promotionnelles sont autorisées tous les jours (y compris dimanches et jours fériés), mais"
            " demeurent strictement interdites entre 20h00 et 08h00.",
            'La mention "STOP SMS" est obligatoire sous peine de suspension immédiate.',
        ),
    ),
    "CGVU 14.2": Article(
        "Cadre horaire des envois : Messages d'Alerte",
        (
            "Les notifications transactionnelles, codes de validation OTP et alertes de sécurité sont autorisés 24h/24 et"
            " 7j/7.",
            "Le Client s'interdit d'utiliser le canal \"Alerte\" pour diffuser du contenu marketing.",
        ),
    ),
    "CGVU 14.3": Article(
        "Cadre horaire des envois : Défaillance Tiers",
        (
            "SOFY décline toute responsabilité en cas de défaillance des réseaux Meta (WhatsApp), Google (RCS) ou des"
            " opérateurs de transit.",
        ),
    ),
    "CGVU 15": Article(
        "Sécurité API et fraude (AIT)",
        (
            "Le Client est responsable de la sécurité de ses identifiants API.",
            "Tout trafic généré via ses accès est facturé.",
            "SOFY alerte le Client sous 24h ouvrées en cas de fraude suspectée (SMS Pumping).",
        ),
    ),
    "CGVU 17": Article(
        "Sécurité et données (ISO 27001)",
        (
            "Le stockage des Carnets d'Adresses et Contacts est effectué sur des infrastructures sécurisées situées"
            " exclusivement en Union Européenne.",
            "SOFY garantit l'étanchéité logique des données entre ses Clients et le chiffrement des flux (TLS 1.2+).",
            "SOFY n'utilisera jamais les contacts du Client pour son propre compte.",
            "Le Client demeure seul Responsable de Traitement et garantit avoir obtenu le consentement (Opt-in) des"
            " personnes concernées conformément au RGPD.",
        ),
    ),
    "CGVU 30": Article(
        "Réversibilité et fin de contrat",
        (
            "En cas de cessation de la relation contractuelle, quelle qu'en soit la cause, SOFY s'engage à restituer au"
            " Client, à sa première demande, l'intégralité de ses Données (contacts, historiques) dans un format structuré"
            " standard (type CSV ou JSON).",
        ),
    ),
    "DPA 2": Article(
        "Qualification des Parties et instructions de traitement",
        (
            "Dans le cadre du présent Contrat, le Client agit en qualité de Responsable de traitement, au sens du RGPD,"
            " dès lors qu'il détermine seul les finalités et les moyens essentiels du traitement.",
            "SOFY s'engage à ne traiter les données personnelles que sur instruction documentée du Client, y compris en"
            " ce qui concerne les transferts vers un pays tiers.",
            "SOFY s'interdit d'utiliser les données personnelles pour son propre compte, à des fins commerciales,"
            " analytiques ou d'amélioration produit non autorisées.",
        ),
    ),
    "DPA 3": Article(
        "Description détaillée des traitements",
        (
            "SOFY est amenée à traiter des données personnelles dans le cadre des opérations suivantes :",
            "journalisation des actions et des accès",
            "SOFY n'intervient pas dans la définition des campagnes ni dans la qualification des destinataires.",
            "Le traitement est réalisé de manière transparente, traçable et sécurisée.",
        ),
    ),
    "DPA 4": Article(
        "Catégories de données et personnes concernées",
        (
            "SOFY ne traite pas intentionnellement de données sensibles au sens du RGPD.",
            "Toute donnée excessive ou non pertinente doit être exclue par le Client.",
        ),
    ),
    "DPA 5": Article(
        "Obligations du Client",
        (
            "disposer d'une base légale valide pour chaque traitement",
            "recueillir le consentement lorsque nécessaire",
            "respecter les règles ePrivacy et anti-spam",
            "Le Client est responsable de la gestion des droits des personnes concernées.",
        ),
    ),
    "DPA 6": Article(
        "Obligations de SOFY",
        (
            "limiter l'accès aux seules personnes autorisées",
            "garantir la confidentialité et l'intégrité des données",
            "Elle tient un registre des traitements réalisés pour le compte du Client.",
        ),
    ),
    "DPA 7": Article(
        "Mesures de sécurité techniques et organisationnelles",
        (
            "chiffrement des données en transit (TLS 1.2 ou supérieur)",
            "chiffrement des données au repos (AES-256 ou équivalent)",
            "gestion stricte des accès (IAM, authentification forte)",
            "journalisation et traçabilité des actions",
            "segmentation des environnements (production, test)",
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
            "SOFY veille à minimiser les flux hors UE.",
        ),
    ),
    "DPA 10": Article(
        "Notification des violations de données",
        ("SOFY notifie toute violation dans un délai maximum de 48 heures.",),
    ),
    "DPA 11": Article(
        "Assistance au Client",
        ("SOFY assiste le Client pour :", "les demandes d'exercice de droits"),
    ),
    "DPA 12": Article(
        "Conservation des données",
        ("Les données sont conservées :", "SOFY applique des politiques de rétention strictes."),
    ),
    "DPA 13": Article(
        "Restitution et suppression",
        ("restitution des données sur demande", "suppression sous 30 jours"),
    ),
    "DPA 14": Article(
        "Audit et contrôle",
        ("Le Client peut auditer SOFY :", "une fois par an"),
    ),
}

#: The articles which the product carries out today; each needs at least one test, or the build fails.
IN_SCOPE: frozenset[str] = frozenset(
    {"CGVU 3.3", "CGVU 3.4", "CGVU 12", "CGVU 13", "CGVU 14.1", "CGVU 14.2", "CGVU 14.3", "CGVU 17"}
    | {f"DPA {number}" for number in (2, 3, 4, 5, 6, 7, 9, 12, 13)}
)

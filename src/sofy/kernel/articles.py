"""The articles of the contract that code refers to, with their own words (in French, verbatim).

Source: Conditions Générales de Vente et d'Utilisation (CGVU) of 24 March 2026 and their annex on personal data (DPA).
Articles in scope are quoted whole; of the others, the sentences that later rooms will carry out.
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
            "Solution SaaS d'engagement marketing pour diffuser des campagnes omnicanales (SMS, RCS, Email) avec"
            " outils de segmentation et d'analyse.",
        ),
    ),
    "CGVU 3.4": Article(
        "Description détaillée des produits et services : Services de Messagerie",
        ("Routage technique de flux SMS (Marketing/Alerte), RCS et WhatsApp.",),
    ),
    "CGVU 4": Article(
        "Nombre de points de vente (POI) et établissements",
        (
            "Le droit d'utilisation des Applications SaaS est concédé exclusivement pour le nombre spécifique de"
            " Points de Vente (POI) ou établissements stipulé au Bon de Commande.",
        ),
    ),
    "CGVU 5.1": Article(
        "Accès, onboarding et support : Onboarding",
        (
            'SOFY assure une prestation de mise en service obligatoire ou optionnelle ("Onboarding") comprenant'
            " l'audit des besoins, le paramétrage technique des comptes, l'importation sécurisée des bases de"
            " données de contacts et la formation initiale des administrateurs.",
        ),
    ),
    "CGVU 7.2": Article(
        "Procédure de suspension et clause pénale",
        (
            "À défaut de régularisation dans un délai de cinq (5) jours ouvrés suivant cette mise en demeure, SOFY"
            " pourra suspendre l'accès aux Services.",
            "En cas de détection d'une activité frauduleuse (phishing, spam, SMS Pumping) ou d'une menace pour"
            " l'intégrité de la plateforme, SOFY procède à une suspension immédiate et sans préavis.",
        ),
    ),
    "CGVU 11": Article(
        "Suspension des services",
        (
            "SOFY se réserve la faculté de suspendre l'accès aux Applications et aux Services de Messagerie dans les"
            " conditions suivantes :",
            "L'accès est suspendu sans préavis en cas de risque avéré pour l'intégrité de l'infrastructure de SOFY ou"
            " de détection d'activités illicites.",
        ),
    ),
    "CGVU 12": Article(
        "Responsabilité éditoriale du client",
        (
            "Le Client agit en qualité d'Éditeur exclusif des contenus diffusés via les Services au sens de la Loi n°"
            " 86-1067 du 30 septembre 1986.",
            "À ce titre, il assume l'entière responsabilité de la licéité des données et messages transmis.",
            "Le Client garantit détenir tous les droits de propriété intellectuelle sur les contenus (textes, logos,"
            " images).",
            "Sont strictement interdits les contenus pornographiques, violents, haineux, racistes ou incitant à la"
            " discrimination.",
            "SOFY n'exerce aucun contrôle éditorial préalable mais coopérera avec toute autorité judiciaire pour"
            " identifier le Client en cas de litige.",
            "Le Client garantit SOFY contre toute réclamation de tiers liée aux contenus diffusés et s'engage à"
            " prendre à sa charge l'intégralité des frais de défense et condamnations éventuelles.",
        ),
    ),
    "CGVU 13": Article(
        "Conformité réglementaire (AF2M)",
        (
            "Le Client s'engage à respecter les cadres légaux et les chartes déontologiques de l'AF2M et des"
            " régulateurs télécoms.",
            "Le non-respect de ces règles peut entraîner des sanctions pécuniaires et la suspension définitive des"
            " Services.",
            "Le Client reconnaît avoir pris connaissance des guides de bonnes pratiques suivants :",
            "Toute amende infligée à SOFY du fait d'un manquement du Client sera intégralement refacturée à ce"
            " dernier, majorée de 15% pour frais de gestion administrative.",
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
            "Les notifications transactionnelles, codes de validation OTP et alertes de sécurité sont autorisés"
            " 24h/24 et 7j/7.",
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
            "SOFY s'engage à maintenir un niveau de sécurité conforme à la norme ISO 27001.",
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
            "En cas de cessation de la relation contractuelle, quelle qu'en soit la cause, SOFY s'engage à restituer"
            " au Client, à sa première demande, l'intégralité de ses Données (contacts, historiques) dans un format"
            " structuré standard (type CSV ou JSON).",
        ),
    ),
    "CGVU 28": Article(
        "Engagements de Niveau de Service (SLA)",
        (
            "SOFY s'engage à assurer un taux de réussite de routage des flux de messagerie vers les passerelles"
            " opérateurs de 99,9 %.",
            "Ces taux sont calculés hors périodes de maintenance programmée et hors défaillances imputables aux réseaux"
            " tiers (opérateurs de télécommunications, plateformes Meta ou Google) dont SOFY n'a pas la maîtrise.",
            "SOFY informera le Client par email au moins quarante-huit (48) heures à l'avance pour toute intervention"
            " susceptible d'impacter la disponibilité des Services.",
        ),
    ),
    "DPA 2": Article(
        "Qualification des Parties et instructions de traitement",
        (
            "Dans le cadre du présent Contrat, le Client agit en qualité de Responsable de traitement, au sens du"
            " RGPD, dès lors qu'il détermine seul les finalités et les moyens essentiels du traitement.",
            "SOFY agit en qualité de Sous-traitant, exécutant les traitements pour le compte du Client sur la base"
            " d'instructions documentées.",
            "Le Client est seul responsable de la licéité des traitements, de la définition des finalités"
            " poursuivies, ainsi que de la conformité des données collectées.",
            "SOFY s'engage à ne traiter les données personnelles que sur instruction documentée du Client, y compris"
            " en ce qui concerne les transferts vers un pays tiers.",
            "Si SOFY estime qu'une instruction constitue une violation du RGPD ou de toute autre disposition"
            " applicable en matière de protection des données, elle en informe immédiatement le Client.",
            "SOFY s'interdit d'utiliser les données personnelles pour son propre compte, à des fins commerciales,"
            " analytiques ou d'amélioration produit non autorisées.",
            "Les traitements effectués sont strictement limités à ceux nécessaires à l'exécution des Services, tels"
            " que définis contractuellement.",
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
            "Les données sont traitées dans le cadre d'une plateforme SaaS accessible en ligne, avec des accès"
            " sécurisés.",
            "Les traitements peuvent impliquer des interactions avec des prestataires tiers (opérateurs télécoms,"
            " plateformes de messagerie).",
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
            "Il s'engage à ne pas utiliser les Services à des fins illicites ou contraires aux réglementations"
            " applicables.",
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
}

#: The articles which the product carries out today; each needs at least one test, or the build fails.
IN_SCOPE: frozenset[str] = frozenset(
    {"CGVU 3.3", "CGVU 3.4", "CGVU 12", "CGVU 13", "CGVU 14.1", "CGVU 14.2", "CGVU 14.3", "CGVU 17", "CGVU 28"}
    | {f"DPA {number}" for number in (2, 3, 4, 5, 6, 7, 12, 13)}  # 9 comes with the first channel that leaves the EU
)

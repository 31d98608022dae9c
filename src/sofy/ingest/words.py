"""What the API says when it refuses, in English and in French. `{name}` is a fact of the refusal."""

from typing import Final, NamedTuple


class Words(NamedTuple):
    """A sentence in both languages."""

    en: str
    fr: str


TITLES: Final[dict[int, Words]] = {
    400: Words("Request not understood", "Requête incompréhensible"),
    401: Words("Key needed", "Clé nécessaire"),
    403: Words("Not allowed", "Non autorisé"),
    404: Words("Not found", "Introuvable"),
    405: Words("Method not allowed", "Méthode non autorisée"),
    408: Words("Too slow", "Trop lent"),
    409: Words("Conflict", "Conflit"),
    413: Words("Too large", "Trop grand"),
    415: Words("Not JSON", "Pas du JSON"),
    422: Words("Not acceptable as it is", "Impossible en l’état"),
    429: Words("Too many requests", "Trop de requêtes"),
    500: Words("Our fault", "Erreur de notre fait"),
    503: Words("Not now", "Pas maintenant"),
}

#: Where a template stands at WhatsApp.
TEMPLATE_STATES: Final[dict[str, Words]] = {
    "pending": Words("waiting for approval", "en attente d’approbation"),
    "rejected": Words("rejected", "refusé"),
    "paused": Words("paused for its quality", "en pause pour sa qualité"),
    "disabled": Words("disabled", "désactivé"),
    "archived": Words("archived", "archivé"),
    "unsent": Words("not submitted", "non soumis"),
}
_NUMBER = Words("“to” is not a phone number: {problem}.", "« to » n’est pas un numéro de téléphone : {problem}.")
DETAILS: Final[dict[str, Words]] = {
    "key_missing": Words(
        "Send your key in the header: Authorization: Bearer sofy_…",
        "Envoyez votre clé dans l’en-tête : Authorization: Bearer sofy_…",
    ),
    "key_unknown": Words(
        "This key opens nothing: it was mistyped or revoked. Your keys are under Account, API keys.",
        "Cette clé n’ouvre rien : elle est mal recopiée ou révoquée. Vos clés sont dans Compte, Clés d’API.",
    ),
    "key_network": Words(
        "This key may not be used from this address. The addresses it allows are shown with your keys.",
        "Cette clé ne peut pas servir depuis cette adresse. Les adresses permises figurent avec vos clés.",
    ),
    "scope_missing": Words(
        "This key lacks the right {scope}: make one that has it.",
        "Cette clé n’a pas le droit {scope} : créez-en une qui l’a.",
    ),
    "rate_exceeded": Words(
        "More than {limit} requests in {window} seconds: wait {seconds} s. One batch takes 10,000 messages.",
        "Plus de {limit} requêtes en {window} secondes : attendez {seconds} s. Un lot prend 10 000 messages.",
    ),
    "not_json": Words("The body is not JSON in UTF-8: {problem}.", "Le corps n’est pas du JSON en UTF-8 : {problem}."),
    "media_type": Words("Send Content-Type: application/json.", "Envoyez Content-Type: application/json."),
    "body_encoding": Words(
        "The body is sent as it is, not compressed: leave Content-Encoding out.",
        "Le corps s’envoie tel quel, sans compression : retirez Content-Encoding.",
    ),
    "body_too_large": Words(
        "A body has {limit} megabytes at most: send several batches.",
        "Un corps fait au plus {limit} mégaoctets : envoyez plusieurs lots.",
    ),
    "body_slow": Words(
        "The body did not come within {seconds} seconds.", "Le corps n’est pas arrivé en {seconds} secondes."
    ),
    "field_missing": Words("The field {field} is missing.", "Le champ {field} manque."),
    "field_unknown": Words("There is no field {field}.", "Le champ {field} n’existe pas."),
    "field_value": Words("This value does not fit: {problem}.", "Cette valeur ne convient pas : {problem}."),
    "month_unreadable": Words("Write the month as 2026-11.", "Écrivez le mois comme 2026-11."),
    "batch_size": Words(
        "A batch has 1 to {limit} messages; this one has {count}.",
        "Un lot a de 1 à {limit} messages ; celui-ci en a {count}.",
    ),
    "batch_refused": Words(
        "None of the {count} messages was accepted: see “refused”.",
        "Aucun des {count} messages n’a été accepté : voir « refused ».",
    ),
    "number_empty": _NUMBER,
    "number_unreadable": _NUMBER,
    "number_fictional": Words(
        "This number is given to nobody: it belongs to the ranges reserved for fiction.",
        "Ce numéro n’est attribué à personne : il est réservé à la fiction.",
    ),
    "number_not_mobile": Words("An SMS needs a mobile number.", "Un SMS demande un numéro de mobile."),
    "channel_unavailable": Words(
        "No route carries {channel} for {purpose} messages here.",
        "Aucune route ne transporte {channel} pour des messages {purpose} ici.",
    ),
    "sender_none": Words(
        "No sender is registered: add one under Messaging, Senders.",
        "Aucun expéditeur n’est enregistré : ajoutez-en un dans Messagerie, Expéditeurs.",
    ),
    "sender_unknown": Words(
        "“{sender}” is not one of your registered senders: add it under Messaging, Senders.",
        "« {sender} » n’est pas un de vos expéditeurs : ajoutez-le dans Messagerie, Expéditeurs.",
    ),
    "sender_too_long": Words(
        "A sender has 11 letters and digits at most.", "Un expéditeur a au plus 11 lettres et chiffres."
    ),
    "sender_characters": Words(
        "A sender has letters without accents and digits only, no space.",
        "Un expéditeur n’a que des lettres sans accent et des chiffres, sans espace.",
    ),
    "sender_generic": Words(
        "“{sender}” is a general word that operators replace: use your brand.",
        "« {sender} » est un mot général que les opérateurs remplacent : prenez votre marque.",
    ),
    "sender_only_digits": Words("A sender of digits names nobody.", "Un expéditeur en chiffres ne nomme personne."),
    "sender_mobile_number": Words(
        "A mobile number cannot send for a company.", "Un numéro de mobile ne peut pas envoyer pour une entreprise."
    ),
    "sender_short_code_purpose": Words(
        "“{sender}” is a short code of the other purpose: 36xxx for marketing, 38xxx for alerts.",
        "« {sender} » est un numéro court de l’autre usage : 36xxx pour le marketing, 38xxx pour les alertes.",
    ),
    "sender_empty": Words("The sender is empty.", "L’expéditeur est vide."),
    "text_blank": Words("The text says nothing.", "Le texte ne dit rien."),
    "text_too_long": Words(
        "The text takes {parts} SMS; {most} is the most.", "Le texte fait {parts} SMS ; {most} est le maximum."
    ),
    "stop_mention_turned": Words(
        "The text turns the direction of writing around (U+202A to U+202E, U+2066 to U+2069), which would show its"
        " mention “STOP SMS” backwards: take these characters out.",
        "Le texte retourne le sens de l’écriture (U+202A à U+202E, U+2066 à U+2069) et montrerait sa mention"
        " « STOP SMS » à l’envers : retirez ces caractères.",
    ),
    "stop_mention_missing": Words(
        "A marketing SMS must say how to stop: add “STOP SMS {short_code}” to the text.",
        "Un SMS marketing doit dire comment s’y opposer : ajoutez « STOP SMS {short_code} » au texte.",
    ),
    "stop_mention_missing_rcs": Words(
        "A marketing message by RCS must say how to stop: write STOP in the text, or add a button that answers STOP.",
        "Un message marketing par RCS doit dire comment s’y opposer : écrivez STOP dans le texte, ou ajoutez un bouton"
        " qui répond STOP.",
    ),
    "stop_mention_missing_whatsapp": Words(
        "A marketing message by WhatsApp must say how to stop: write STOP in the text, or take a template with a button"
        " that answers STOP.",
        "Un message marketing par WhatsApp doit dire comment s’y opposer : écrivez STOP dans le texte, ou prenez un"
        " modèle dont un bouton répond STOP.",
    ),
    "stop_mention_missing_email": Words(
        "A marketing e-mail must show where to unsubscribe: put {{{{unsubscribe_url}}}} into its page, or into its text"
        " when it has no page.",
        "Un e-mail marketing doit montrer où se désinscrire : mettez {{{{unsubscribe_url}}}} dans sa page, ou dans son"
        " texte s’il n’a pas de page.",
    ),
    "text_or_content": Words("Send one of text, content and template.", "Envoyez l’un de text, content et template."),
    "variables_alone": Words(
        "Variables go with a template: name it in template.",
        "Des variables accompagnent un modèle : nommez-le dans template.",
    ),
    "template_unknown": Words(
        "There is no template “{template}”, or it is archived.",
        "Il n’y a pas de modèle « {template} », ou il est archivé.",
    ),
    "template_purpose": Words(
        "The template “{template}” is of the other purpose: marketing and alerts have templates of their own.",
        "Le modèle « {template} » est de l’autre usage : marketing et alertes ont chacun leurs modèles.",
    ),
    "template_channel": Words(
        "The template “{template}” says nothing by {channel}: write it for this channel, or name another one.",
        "Le modèle « {template} » ne dit rien par {channel} : écrivez-le pour ce canal, ou nommez-en un autre.",
    ),
    "template_not_ready": Words(
        "The template “{template}” may not be sent by WhatsApp now: it is {said} there.",
        "Le modèle « {template} » ne peut pas partir par WhatsApp : il y est {said}.",
    ),
    "variable_missing": Words("No value for: {place}.", "Il manque une valeur pour : {place}."),
    "variable_too_long": Words(
        "The value of “{place}” is longer than {limit} characters.",
        "La valeur de « {place} » dépasse {limit} caractères.",
    ),
    "variable_characters": Words(
        "The value of “{place}” has characters that no message may have.",
        "La valeur de « {place} » a des caractères qu’aucun message ne peut avoir.",
    ),
    "variable_line_break": Words(
        "The value of “{place}” must be a single line.", "La valeur de « {place} » doit tenir sur une ligne."
    ),
    "variable_address": Words(
        "“{place}” is an address: its value begins with https://.",
        "« {place} » est une adresse : sa valeur commence par https://.",
    ),
    "filled_too_long": Words(
        "With the values of {place} a field is longer than {limit} characters.",
        "Avec les valeurs de {place}, un champ dépasse {limit} caractères.",
    ),
    "filled_empty": Words(
        "With the values of {place} nothing is left of a field.",
        "Avec les valeurs de {place}, il ne reste rien d’un champ.",
    ),
    "text_longer": Words(
        "The text is too long for this channel: {most} characters are the most.",
        "Le texte est trop long pour ce canal : {most} caractères au plus.",
    ),
    "address_unreadable": Words("“to” is not an e-mail address.", "« to » n’est pas une adresse e-mail."),
    "subject_missing": Words(
        "An e-mail needs a subject: send content with subject and text or html.",
        "Un e-mail demande un objet : envoyez content avec subject et text ou html.",
    ),
    "template_needed": Words(
        "Marketing by WhatsApp takes a template that Meta approved: send content.template.",
        "Le marketing par WhatsApp demande un modèle approuvé par Meta : envoyez content.template.",
    ),
    "reply_unknown": Words(
        "“reply_to” is the id of a message of this very person, as the event message.inbound told it: there is none.",
        "« reply_to » est l’identifiant d’un message de cette même personne, donné par l’événement message.inbound : il"
        " n’y en a pas.",
    ),
    "not_shown": Words("{channel} does not take it: {problem}.", "{channel} ne le prend pas : {problem}."),
    "channel_twice": Words(
        "Each channel is tried once: fallback names one that is tried before.",
        "Chaque canal est essayé une fois : fallback en nomme un déjà essayé.",
    ),
    "channel_off": Words(
        "The channel {channel} is switched off for your account.", "Le canal {channel} est coupé pour votre compte."
    ),
    "whatsapp_last": Words(
        "Nothing calls a WhatsApp message back before 20:00: for marketing it is the last channel that is tried.",
        "Rien ne rappelle un message WhatsApp avant 20 h : pour le marketing, c’est le dernier canal essayé.",
    ),
    "establishment_unknown": Words(
        "This is not one of your points of sale: name it by its id or its code.",
        "Ce n’est pas un de vos points de vente : nommez-le par son identifiant ou son code.",
    ),
    "service_unanswered": Words(
        "A service message answers what the person wrote in the last 24 hours, and this one wrote nothing.",
        "Un message de service répond à ce que la personne a écrit depuis 24 heures, et celle-ci n’a rien écrit.",
    ),
    "consent_in_future": Words("The consent is dated in the future.", "Le consentement est daté du futur."),
    "consent_too_old": Words(
        "The consent is dated before there were SMS.", "Le consentement date d’avant les premiers SMS."
    ),
    "consent_for_alert": Words(
        "A consent to marketing goes with a marketing message only.",
        "Un consentement au marketing n’accompagne qu’un message marketing.",
    ),
    "send_at_far": Words("A message waits a year at most.", "Un message attend un an au plus."),
    "message_unknown": Words("There is no such message here.", "Ce message n’existe pas ici."),
    "message_left": Words(
        "It has left: it is “{status_now}”, and nothing calls it back.",
        "Il est parti : il est « {status_now} », et rien ne le rappelle.",
    ),
    "message_leaving": Words(
        "It is being handed over at this moment: ask again in a few seconds.",
        "Il est en train de partir : redemandez dans quelques secondes.",
    ),
    "message_not_sent": Words(
        "It has not left: nobody can have used it.", "Il n’est pas parti : personne n’a pu s’en servir."
    ),
    "message_several": Words(
        "A submit_multi made {count} messages of this: use the id of one of them; GET tells them in “destinations”.",
        "Un submit_multi en a fait {count} messages : prenez l’id de l’un d’eux ; GET les dit dans « destinations ».",
    ),
    "idempotency_key_unreadable": Words(
        "An Idempotency-Key has 1 to 255 visible characters.", "Une Idempotency-Key a de 1 à 255 caractères visibles."
    ),
    "idempotency_key_reused": Words(
        "This Idempotency-Key came with another request within 24 hours: take a new one.",
        "Cette Idempotency-Key a déjà servi à une autre requête depuis 24 heures : prenez-en une nouvelle.",
    ),
    "idempotency_key_in_use": Words(
        "A request with this Idempotency-Key is still being answered: ask again in a moment.",
        "Une requête avec cette Idempotency-Key est encore en cours : redemandez dans un instant.",
    ),
    "client_suspended": Words(
        "This account is suspended: nothing is taken. Your workspace says why and what to do.",
        "Ce compte est suspendu : rien n’est pris. Votre espace dit pourquoi et que faire.",
    ),
    "client_ended": Words("This account has ended.", "Ce compte est clos."),
    "callback_unsigned": Words(
        "This callback does not carry the signature of its route.", "Cet appel ne porte pas la signature de sa route."
    ),
    "callback_later": Words(
        "This callback could not be stored: the database is away. Send it again later; what comes twice counts once.",
        "Cet appel n’a pas pu être enregistré : la base de données est absente. Renvoyez-le plus tard ; ce qui arrive"
        " deux fois ne compte qu’une fois.",
    ),
    "not_found": Words("There is nothing at this address.", "Il n’y a rien à cette adresse."),
    "method": Words("This address answers {allowed}.", "Cette adresse répond à {allowed}."),
    "database_away": Words(
        "The database is away, and this request may still be carried out. Ask again with the same Idempotency-Key:"
        " nothing is sent twice then.",
        "La base de données est absente, et cette requête peut encore aboutir. Redemandez avec la même"
        " Idempotency-Key : rien ne partira deux fois.",
    ),
    "overloaded": Words(
        "Too much waits to be stored: ask again in a moment.",
        "Trop de messages attendent d’être stockés : redemandez bientôt.",
    ),
    "fault": Words(
        "It was noted, nothing was accepted. Ask again later.",
        "C’est noté, rien n’a été accepté. Redemandez plus tard.",
    ),
}

#: What keeps a text from being a phone number (`kernel.phone.Problem`).
NUMBER_PROBLEMS: Final[dict[str, Words]] = {
    "empty": Words("it is empty", "il est vide"),
    "letters": Words("it has letters", "il contient des lettres"),
    "several": Words("there are several", "il y en a plusieurs"),
    "precision_lost": Words("a spreadsheet cut its last digits", "un tableur a coupé ses derniers chiffres"),
    "too_short": Words("it is too short", "il est trop court"),
    "too_long": Words("it is too long", "il est trop long"),
    "invalid": Words("no such number is given out", "un tel numéro n’est pas attribué"),
}

PURPOSES: Final = {"marketing": Words("marketing", "marketing"), "alert": Words("alert", "d’alerte")}

#: Why the supplier of a channel would not show a content, by the code its connector gives.
SHOWN: Final[dict[str, Words]] = {
    "rcs_too_large": Words("the whole is longer than 250 kB", "l’ensemble dépasse 250 ko"),
    "rcs_text_beside_carousel": Words(
        "several cards leave no place for a text or a file beside them: put it on a card",
        "plusieurs cartes ne laissent pas de place à un texte ou un fichier à côté : mettez-le sur une carte",
    ),
    "rcs_file_beside_card": Words(
        "a card leaves no place for a file beside it: put it on the card",
        "une carte ne laisse pas de place à un fichier à côté : mettez-le sur la carte",
    ),
    "rcs_empty": Words("there is nothing to show", "il n’y a rien à montrer"),
    "rcs_text_too_long": Words("a text has 3,072 characters at most", "un texte a 3 072 caractères au plus"),
    "rcs_text_beside_file": Words(
        "only a picture or a video takes words beside it", "seules une image ou une vidéo prennent un texte à côté"
    ),
    "rcs_too_many_cards": Words("a carousel has 2 to 10 cards", "un carrousel a de 2 à 10 cartes"),
    "rcs_empty_card": Words(
        "a card needs a title, a text or a picture", "une carte demande un titre, un texte ou une image"
    ),
    "rcs_title_too_long": Words(
        "the title of a card has 200 characters at most", "le titre d’une carte a 200 caractères au plus"
    ),
    "rcs_card_text_too_long": Words(
        "the words of a card have 2,000 characters at most", "le texte d’une carte a 2 000 caractères au plus"
    ),
    "rcs_file_in_card": Words(
        "a card shows a picture or a video, no other file",
        "une carte montre une image ou une vidéo, aucun autre fichier",
    ),
    "rcs_too_many_buttons": Words(
        "there are 11 buttons at most, 4 on a card", "il y a 11 boutons au plus, 4 sur une carte"
    ),
    "rcs_label_too_long": Words("a button has 1 to 25 characters", "un bouton a de 1 à 25 caractères"),
    "rcs_button_too_long": Words(
        "what a button sends has 1 to 2,048 characters", "ce qu’un bouton envoie a de 1 à 2 048 caractères"
    ),
    "rcs_button_address": Words(
        "a button that opens a page needs an address that begins with https://",
        "un bouton qui ouvre une page demande une adresse qui commence par https://",
    ),
    "rcs_button_number": Words(
        "a button that calls needs a number like +33639980001",
        "un bouton qui appelle demande un numéro comme +33639980001",
    ),
    "recipient_unreadable": Words(
        "this is no number and no WhatsApp identity", "ce n’est ni un numéro ni un identifiant WhatsApp"
    ),
    "131062": Words(
        "a template with a code needs a number, not an identity",
        "un modèle à code demande un numéro, pas un identifiant",
    ),
    "opt_out_url_missing": Words(
        "{{unsubscribe_url}} is for e-mail: add a button or a line with STOP",
        "{{unsubscribe_url}} est pour l’e-mail : ajoutez un bouton ou une ligne avec STOP",
    ),
    "text_empty": Words(
        "there is nothing to read: buttons need a text", "il n’y a rien à lire : des boutons demandent un texte"
    ),
    "text_too_long": Words(
        "a text has 4,096 characters at most, 1,024 above up to three buttons",
        "un texte a 4 096 caractères au plus, 1 024 au-dessus de trois boutons au plus",
    ),
    "caption_too_long": Words(
        "the words with a file have 1,024 characters at most", "le texte avec un fichier a 1 024 caractères au plus"
    ),
    "too_many_buttons": Words("there are 10 buttons at most", "il y a 10 boutons au plus"),
    "button_label_twice": Words("two buttons say the same", "deux boutons disent la même chose"),
    "button_label_too_long": Words(
        "a button has 20 characters at most, 24 in a list", "un bouton a 20 caractères au plus, 24 dans une liste"
    ),
    "button_value_twice": Words("two buttons send the same", "deux boutons envoient la même chose"),
    "button_value_too_long": Words(
        "what a button sends has 256 characters at most, 200 in a list",
        "ce qu’un bouton envoie a 256 caractères au plus, 200 dans une liste",
    ),
    "media_not_shown": Words(
        "a list, or a template, shows no such file", "une liste, ou un modèle, ne montre pas un tel fichier"
    ),
    "template_value_empty": Words(
        "each place of a template needs a value", "chaque champ d’un modèle demande une valeur"
    ),
    "template_value_spaces": Words(
        "a value of a template has no line end, no tab and no five spaces in a row",
        "une valeur d’un modèle n’a ni fin de ligne, ni tabulation, ni cinq espaces de suite",
    ),
}

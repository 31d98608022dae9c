"""What this room keeps about people."""

from sofy.kit.personal_data import about_nobody, declare

DAILY = "sofy.soreach.tasks.expire_campaigns"

declare(
    "soreach_click",
    ["contact_id", "at"],
    purpose="Tell the author whether people followed a link; no network address and no browser is kept",
    retention="three years after the campaign, or until the contact is erased",
    by=DAILY,
    in_clear="an id and a moment; the person is named in sealed columns only",
)
declare(
    "soreach_unsubscribe",
    ["contact_id", "at"],
    purpose="Tell the author how many people said no by the link of an e-mail of the campaign",
    retention="three years after the campaign, or until the contact is erased",
    by=DAILY,
    in_clear="an id and a moment",
)
declare(
    "soreach_exclusion",
    ["contact_id", "reason"],
    purpose="Show why somebody did not receive a campaign",
    retention="three years after the campaign, or until the contact is erased",
    by=DAILY,
    in_clear="an id and a code",
)
declare(
    "soreach_shortlink",
    ["contact_id"],
    purpose="Lead a person's own short link to its address",
    retention="one year after the campaign",
    by=DAILY,
    in_clear="an id; the code is keyed and cannot be guessed",
)
declare(
    "soreach_openimage",
    ["contact_id", "identity_index"],
    purpose="Tell the openings of one person, who agreed to it, from those of everybody",
    retention="one year after the campaign, or until the contact is erased",
    by=DAILY,
    in_clear="an id and a keyed index; there is a row of a person only where they agreed to it",
)
declare(
    "soreach_reportfile",
    ["actor"],
    purpose="Give a report of many people to whoever asked for it, and to nobody else",
    retention="seven days, with the encrypted file",
    by=DAILY,
    in_clear="an id; the file is encrypted under the client's key",
)

AUTHORS = "what the client's people wrote for everybody, and the ids of who did"
CODES = "codes of the product"
about_nobody("soreach_campaign", ["name", "sender", "short_code", "author", "approved_by", "launched_by"], AUTHORS)
about_nobody("soreach_campaign", ["status", "timing", "late", "winner_by", "editorial", "refused_because"], CODES)
about_nobody("soreach_campaign", ["segment_ids", "excluded_segment_ids", "counts", "settled"], "ids and counts")
about_nobody("soreach_click", "variant", CODES)
about_nobody("soreach_exclusion", "detail", "the name of a field that is missing")
about_nobody("soreach_reportfile", ["kind", "language", "establishments"], "codes and ids")
about_nobody("soreach_openimage", ["code", "variant"], "keyed, and leads to nobody without the key")
about_nobody("soreach_opencount", ["variant", "hour"], "how often an image was fetched within an hour, by anybody")
about_nobody("soreach_campaign", "opens", CODES)
about_nobody("soreach_shortlink", "code", "keyed, and leads to nobody without the key")
about_nobody("soreach_testsend", ["variant", "author"], AUTHORS)
about_nobody("soreach_trackedlink", ["variant", "target"], AUTHORS)
about_nobody("soreach_campaign", "ladder", CODES)
about_nobody("soreach_variant", ["label", "source", "others"], AUTHORS)

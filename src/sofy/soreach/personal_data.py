"""What this room keeps about people."""

from sofy.kit.personal_data import declare

declare(
    "soreach_click",
    ["contact_id", "at"],
    purpose="Tell the author whether people followed a link; no network address and no browser is kept",
    retention="three years after the campaign, or until the contact is erased",
    in_clear="an id and a moment; the person is named in sealed columns only",
)
declare(
    "soreach_exclusion",
    ["contact_id", "reason"],
    purpose="Show why somebody did not receive a campaign",
    retention="three years after the campaign, or until the contact is erased",
    in_clear="an id and a code",
)
declare(
    "soreach_shortlink",
    ["contact_id"],
    purpose="Lead a person's own short link to its address",
    retention="one year after the campaign",
    in_clear="an id; the code is keyed and cannot be guessed",
)
declare(
    "soreach_reportfile",
    ["actor"],
    purpose="Give a report of many people to whoever asked for it, and to nobody else",
    retention="seven days, with the encrypted file",
    in_clear="an id; the file is encrypted under the client's key",
)

"""The signs that make an SMS hold fewer characters: who wrote them, and what plain letters would save."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sofy.kernel import sms_text
from sofy.kernel.money import line_amount
from sofy.soreach import content, people
from sofy.soreach.content import Content
from sofy.soreach.models import Campaign
from sofy.soreach.people import Member
from sofy.soreach.services import estimate
from sofy.soreach.services.estimate import Looked, TextCount


@dataclass(frozen=True)
class Signs:
    """What there is of one text, over the people who were looked at.

    `author`: signs the author wrote; `fields`: field -> people whose value brings some; with them an SMS holds `alone`
    characters, not `instead`. The savings are those of the whole campaign, in EUR before VAT, when the author's signs,
    the fields, or both are written plainly.
    """

    author: Sequence[str]
    fields: Mapping[str, int]
    looked_at: int
    alone: int
    instead: int
    author_saves: Decimal = Decimal(0)
    fields_save: Decimal = Decimal(0)
    both_save: Decimal = Decimal(0)


def of_text(
    campaign: Campaign,
    made: Content,
    looked: Looked,
    members: Sequence[Member],
    recipients: float,
    takes: Collection[str],
) -> Signs | None:
    """Look for signs in one text, which was written to `members` already; None when there is none.

    `recipients`: so many people will get this text. `takes`: the alphabets of its routes.
    """
    counted = [(member, count) for member in members if (count := _count(made, member, takes)) and count.forcing]
    if not counted:
        return None
    author = list(dict.fromkeys(sign for _, count in counted for sign in count.forcing if sign in made.signs))
    fields: dict[str, int] = {}
    for member, count in counted:
        for name in _bringing(made, member, count):
            fields[name] = fields.get(name, 0) + 1
    known = people.field_kinds(campaign.client_id)

    def saved(source: str, *, plain: bool) -> Decimal:
        other = estimate.look(content.compile_content(source, fields=known, plain=plain), members, takes)
        return line_amount(max(0, round((looked.mean - other.mean) * recipients)), campaign.unit_price_eur)

    plainer = sms_text.transliterate(made.source)
    return Signs(
        author,
        dict(sorted(fields.items(), key=lambda item: -item[1])),
        len(members),
        counted[0][1].alone,
        counted[0][1].instead,
        saved(plainer, plain=campaign.plain_fields) if author else Decimal(0),
        saved(made.source, plain=True) if fields else Decimal(0),
        saved(plainer, plain=True) if author and fields else Decimal(0),
    )


def _count(made: Content, member: Member, takes: Collection[str]) -> TextCount | None:
    try:
        return estimate.count_text(estimate.render(made, member), takes)
    except (content.MissingValue, content.TextTooLong):
        return None


def _bringing(made: Content, member: Member, count: TextCount) -> list[str]:
    """The fields whose values put signs into somebody's text that its author did not write."""
    foreign = set(count.forcing) - made.signs
    written = {name: str(value) for name, value in member.values.items() if foreign and name in made.variables}
    return [name for name, value in written.items() if foreign & set(value + value.upper() + value.title())]

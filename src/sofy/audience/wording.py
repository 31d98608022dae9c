"""What was refused, said to people: a sentence per code, with what to do."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.kernel.errors import Refused
from sofy.ui import problems

SENTENCES: Mapping[str, str | Promise] = {
    # conditions of a segment
    "choose_one": _("Choose at least one value."),
    "too_many_values": _("Too many values: 200 at most."),
    "bad_value": _("This value cannot be used: write letters or digits."),
    "postcode_letters": _("A postcode begins with letters and digits only, as in 75 or 2A."),
    "age_missing": _("Give at least one of the two ages."),
    "age_range": _("An age is between 0 and 130."),
    "age_order": _("The first age is above the second."),
    "km_range": _("A distance is more than 0 and at most 1,000 km."),
    "place_missing": _("Choose a shop, or give a latitude and a longitude, not both."),
    "place_range": _("A latitude is between -90 and 90, a longitude between -180 and 180."),
    "since_missing": _("Give a number of days or a date, not both."),
    "days_range": _("A number of days is between 1 and 3,650."),
    "value_missing": _("Give the value to compare with."),
    "attribute_missing": _("This field of your contacts does not exist any more. Choose another one."),
    "attribute_value": _("This value does not fit the field: a number, a date (2026-11-24) or yes/no is expected."),
    "attribute_test": _("This comparison does not exist for this field."),
    "too_many_conditions": _("Too many conditions: 60 at most. Put some into another segment and use that one here."),
    "too_deep": _("Too many groups inside each other."),
    "establishment_without_place": _(
        "This shop has no coordinates: add them to it, or give a latitude and a longitude."
    ),
    "segment_missing": _("A segment that is used here does not exist any more. Remove that row."),
    "segment_cycle": _("A segment cannot contain itself, directly or through another one."),
    "segment_too_big": _("The segments used here contain too many conditions together."),
    "segment_unreadable": _("This is not a segment that can be read. Nothing was changed."),
    "segment_invalid": _("Some rows are incomplete. Nothing was saved yet."),
    "segment_frozen": _("A frozen list cannot be changed. Make a segment and freeze it again."),
    "segment_used": _("Other segments use this one: {names}. Change them first."),
    "name_missing": _("Give a name of at most 120 characters."),
    # files
    "file_missing": _("Choose a file first."),
    "file_empty": _("This file is empty. Nothing was changed."),
    "file_has_no_rows": _("This file has a header but no rows. Nothing was changed."),
    "file_gone": _("This file has expired or was removed. Send it again."),
    "file_damaged": _("This file is damaged: open it in your spreadsheet, save it again and send the copy."),
    "file_not_table": _("This file is not a table: send a CSV, XLSX or ODS file."),
    "file_not_text": _("This file is not a table: send a CSV, XLSX or ODS file."),
    "file_old_excel": _("This is an Excel file of before 2007 (XLS): save it as XLSX and send that."),
    "file_password_needed": _("This file is protected by a password: give it, or save the file without."),
    "file_password_ods": _(
        "This LibreOffice file is locked in a way that cannot be opened here: save it without a password, or as XLSX."
    ),
    "file_wrong_password": _("This is not the password of the file. Try again; capitals and small letters count."),
    "file_too_large": _("This file is too large. Cut it into several files."),
    "file_unpacks_too_large": _(
        "This file becomes far too large when it is opened. Save the sheet as CSV and send that."
    ),
    "sheet_too_large": _(
        "This sheet is too large: rows or columns far from the data hold something. Delete them and save."
    ),
    "sheet_unreadable": _("This sheet cannot be read. Save it as CSV and send that."),
    "too_many_columns": _("This file has too many columns: {limit} at most."),
    "cell_too_long": _("Row {row} holds a cell that is far too long. Shorten it and send the file again."),
    "line_too_long": _("This file has a line that is far too long: it is not a table, or its quotes never close."),
    "mapping_wrong": _("Column {column} cannot be “{word}”. Choose another meaning."),
    "no_identity_column": _("Say which column is the phone number or the e-mail address."),
    "optouts_no_column": _(
        "No column of this file looks like phone numbers or e-mail addresses. Put a heading above, as in “Phone”."
    ),
    "legal_basis_unknown": _("Choose one of the legal bases offered."),
    "book_missing": _("Choose a contact book, or give the new one a name."),
    "undo_not_done": _("This import still runs: wait for its end."),
    "undo_already": _("This import was taken back already."),
    "undo_too_late": _("An import can be taken back for {days} days; this one is older."),
    "import_unknown": _("This import does not exist any more."),
    # contacts, consent, suppression
    "identity_missing": _("Give at least one phone number or e-mail address."),
    "phone_invalid": _("“{typed}” is not a phone number that exists. Write it as 06 39 98 00 00 or +33 6 39 98 00 00."),
    "email_invalid": _("“{typed}” is not an e-mail address. Write it as name@example.fr."),
    "identity_taken": _("“{typed}” belongs to another contact already. Find that contact and change it instead."),
    "choice_unknown": _("Choose one of the values offered."),
    "establishment_not_yours": _("Choose one of your points of sale."),
    "opens_by_email_only": _("Openings are counted for e-mails only: choose an e-mail address."),
    "evidence_missing": _(
        "This person refused before: say what proves that they now agree (a form, a scan, a message)."
    ),
    "opt_out_not_liftable": _("An opt-out is lifted only by a new consent with its proof, never by a file."),
    "date_in_future": _("This date is in the future."),
    "unknown_source": _("Choose where this comes from."),
    "contact_unknown": _("This contact does not exist any more: it was removed, erased or merged into another one."),
    "merge_with_itself": _("This is the same contact: choose another one to merge it with."),
    "merge_unknown": _("This merge cannot be taken apart any more."),
    "merge_undone": _("These two contacts were taken apart already."),
    "field_label": _("Give the field a name with letters or digits, of at most 120 characters."),
    "field_taken": _("There is a field of this name already, or a name close to it. Choose another one."),
    "field_limit": _("You have {limit} fields, the most there can be. Delete one that is not used any more."),
    "choices_missing": _("Write the values that can be chosen, one per line."),
    "choices_wrong": _("A list has at most {limit} values, each of at most {length} characters."),
    "choices_used": _("Contacts have this value: {values}. Give them another one first."),
    "field_going": _("A field of this name was deleted and its values are still being removed. Try again in a minute."),
    "field_used": _("Segments ask for this field: {names}. Change them first."),
    "bulk_running": _("This change still runs: wait for its end."),
    "bulk_undone": _("This change was taken back already."),
    "bulk_too_late": _("A change can be taken back for {days} days; this one is older."),
    "book_unknown": _("This contact book does not exist any more. Choose another one."),
    "not_found": _("This does not exist any more. Somebody may have removed it."),
}


def say(refused: Refused) -> str:
    """The sentence for a refusal, in the language of the reader."""
    return problems.sentence(refused)


def say_code(code: str) -> str:
    """The sentence for a code that needs no facts."""
    return problems.sentence(Refused(code))

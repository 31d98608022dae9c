"""Addresses of the audience pages."""

from django.urls import path

from sofy.audience.views import (
    bulk,
    contact,
    contacts,
    erasing,
    exports,
    fields,
    imports,
    merging,
    segments,
    suppression,
)

app_name = "audience"
CLIENT = "c/<slug:client_slug>"
CONTACT = f"{CLIENT}/contacts/<uuid:contact_id>"
IMPORT = f"{CLIENT}/contacts/imports/<uuid:import_id>"
SEGMENT = f"{CLIENT}/segments/<uuid:segment_id>"
urlpatterns = [
    path(f"{CLIENT}/contacts", contacts.contact_list, name="contacts"),
    path(f"{CLIENT}/contacts/find", contacts.contact_find, name="contact-find"),
    path(f"{CLIENT}/contacts/bulk", contacts.contact_bulk, name="contact-bulk"),
    path(f"{CLIENT}/contacts/bulk/<uuid:bulk_id>", bulk.bulk_page, name="bulk-edit"),
    path(f"{CLIENT}/contacts/bulk/<uuid:bulk_id>/undo", bulk.bulk_undo, name="bulk-undo"),
    path(f"{CLIENT}/contacts/undo/<str:token>", contacts.contact_undo, name="contact-undo"),
    path(f"{CLIENT}/contacts/views", contacts.view_save, name="view-save"),
    path(f"{CLIENT}/contacts/views/<uuid:view_id>/remove", contacts.view_remove, name="view-remove"),
    path(f"{CLIENT}/contacts/new", contact.contact_new, name="contact-new"),
    path(CONTACT, contact.contact_page, name="contact"),
    path(f"{CONTACT}/edit", contact.contact_edit, name="contact-edit"),
    path(f"{CONTACT}/remove", contact.contact_remove, name="contact-remove"),
    path(f"{CONTACT}/merge", merging.contact_merge, name="contact-merge"),
    path(f"{CONTACT}/merge/<uuid:merge_id>/undo", merging.contact_unmerge, name="contact-unmerge"),
    path(f"{CONTACT}/erase", erasing.contact_erase, name="contact-erase"),
    path(f"{CONTACT}/consent", contact.consent_record, name="consent-record"),
    path(f"{CONTACT}/consent/proof", contact.consent_proof, name="consent-proof"),
    path(f"{CLIENT}/contacts/fields", fields.field_list, name="fields"),
    path(f"{CLIENT}/contacts/fields/<uuid:field_id>", fields.field_page, name="field"),
    path(f"{CLIENT}/contacts/fields/<uuid:field_id>/delete", fields.field_delete, name="field-delete"),
    path(f"{CLIENT}/contacts/export", exports.contact_export, name="contact-export"),
    path(f"{CLIENT}/contacts/exports/<str:token>", exports.export_page, name="contact-export-page"),
    path(f"{CLIENT}/contacts/exports/<str:token>/file", exports.export_file, name="contact-export-file"),
    path(f"{CLIENT}/contacts/imports/new", imports.import_new, name="import-new"),
    path(f"{CLIENT}/contacts/imports/new/<uuid:upload_id>", imports.import_map, name="import-map"),
    path(f"{CLIENT}/contacts/imports/new/<uuid:upload_id>/password", imports.import_unlock, name="import-unlock"),
    path(f"{CLIENT}/contacts/imports", imports.import_list, name="imports"),
    path(IMPORT, imports.import_page, name="import"),
    path(f"{IMPORT}/undo", imports.import_undo, name="import-undo"),
    path(f"{IMPORT}/errors", imports.import_errors, name="import-errors"),
    path(f"{CLIENT}/suppression", suppression.suppression_list, name="suppressions"),
    path(f"{CLIENT}/suppression/add", suppression.suppression_add, name="suppression-add"),
    path(f"{CLIENT}/suppression/put-back", suppression.suppression_put_back, name="suppression-put-back"),
    path(f"{CLIENT}/suppression/file", suppression.suppression_file, name="suppression-file"),
    path(f"{CLIENT}/segments", segments.segment_list, name="segments"),
    path(f"{CLIENT}/segments/new", segments.segment_new, name="segment-new"),
    path(SEGMENT, segments.segment_page, name="segment"),
    path(f"{SEGMENT}/edit", segments.segment_edit, name="segment-edit"),
    path(f"{SEGMENT}/freeze", segments.segment_freeze, name="segment-freeze"),
    path(f"{SEGMENT}/remove", segments.segment_remove, name="segment-remove"),
    path(f"{SEGMENT}/restore", segments.segment_restore, name="segment-restore"),
]

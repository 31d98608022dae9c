"""Addresses of contracts: of staff below `op/`, of a client below its workspace."""

from django.urls import include, path

from sofy.contracts.views import client, entities, papers, staff, telling, wizard

app_name = "contracts"
of_staff = [
    path("entities/", entities.all_entities, name="entities"),
    path("entities/new", entities.entity, name="entity-new"),
    path("entities/<uuid:entity_id>", entities.entity, name="entity"),
    path("entities/<uuid:entity_id>/retire", entities.retire, name="entity-retire"),
    path("contracts/", staff.all_contracts, name="contracts"),
    path("contracts/new", wizard.begin, name="begin"),
    path("contracts/documents/", staff.documents, name="documents"),
    path("contracts/changes/", staff.changes, name="changes-staff"),
    path("contracts/documents/<slug:kind>/<str:version>/told", telling.told, name="told"),
    path("contracts/documents/<slug:kind>/<str:version>", staff.document, name="document-staff"),
    path("contracts/<uuid:client_id>/<uuid:form_id>", staff.order_form, name="order-form"),
    path("contracts/<uuid:client_id>/<uuid:form_id>/pdf", papers.of_staff, name="pdf-staff"),
    path("contracts/<uuid:client_id>/<uuid:form_id>/print", staff.print_view, name="print-staff"),
    path("contracts/<uuid:client_id>/<uuid:form_id>/send", wizard.send, name="send"),
    path("contracts/<uuid:client_id>/<uuid:form_id>/sign", staff.sign, name="sign-staff"),
    path("contracts/<uuid:client_id>/<uuid:form_id>/cancel", staff.cancel, name="cancel"),
    path("clients/<slug:slug>/contract/", staff.of_client, name="of-client"),
    path("clients/<slug:slug>/contract/<slug:what>", staff.act, name="act"),
]
steps = [
    path(f"contracts/<uuid:client_id>/<uuid:form_id>/{name}", wizard.step, {"step": name}, name=f"step-{name}")
    for name in wizard.ORDER
]
workspace = [
    path("", client.contract, name="contract"),
    path("welcome", client.welcome, name="welcome"),
    path("changes", client.changes, name="changes"),
    path("contacts", papers.all_contacts, name="contacts"),
    path("terms", client.document, {"kind": "cgvu"}, name="terms"),
    path("terms/refuse", client.refuse_terms, name="terms-refuse"),
    path("notices/<uuid:notice_id>/acknowledge", client.acknowledge, name="acknowledge"),
    path("terms/accept", client.accept_document, {"kind": "cgvu"}, name="terms-accept"),
    path("dpa", client.document, {"kind": "dpa"}, name="dpa"),
    path("dpa/accept", client.accept_document, {"kind": "dpa"}, name="dpa-accept"),
    path("<uuid:order_form_id>", client.order_form, name="mine"),
    path("<uuid:order_form_id>/sign", client.sign, name="sign"),
    path("<uuid:order_form_id>/pdf", papers.of_client, name="pdf"),
    path("<uuid:order_form_id>/print", client.print_view, name="print"),
]
urlpatterns = [
    path("op/", include(of_staff + steps)),
    path("c/<slug:client_slug>/contract/", include(workspace)),
]

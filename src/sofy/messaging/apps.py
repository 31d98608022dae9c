"""Application of the message screens."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    """Runs the engine's schema and shows what the engine does."""

    name = "sofy.messaging"
    label = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sofy.clients import words as journal
        from sofy.messaging.views import channels, client, smpp
        from sofy.messaging.words import ACTIONS, FACTS, REFUSALS
        from sofy.ui import commands, panels, problems
        from sofy.ui.nav import Entry, register

        problems.register(REFUSALS)
        commands.register(client.in_command_bar, "message.view")
        journal.ACTIONS.update(ACTIONS)
        journal.FACTS.update(FACTS)
        of_client = "messaging/panel_smpp.html"
        panels.register(panels.Panel("client.developers", of_client, smpp.panel, order=50, permission="key.view"))
        panels.register(panels.Panel("op.client", "messaging/panel_smpp_staff.html", smpp.staff_panel, order=50))
        channels_of = "messaging/panel_channels_staff.html"
        panels.register(panels.Panel("op.client", channels_of, channels.staff_panel, order=45))
        group, developers = _("Messaging"), _("Developers")
        register(
            Entry("client", group, _("Messages"), "messaging:messages", "messages", 400, "message.view", key="m"),
            Entry("client", group, _("Templates"), "messaging:templates", "template", 405, "template.view", key="o"),
            Entry("client", group, _("Senders"), "messaging:senders", "id", 410, "sender.view"),
            Entry("client", group, _("E-mail domains"), "messaging:email-domains", "mail", 412, "sender.view"),
            Entry("client", group, _("Channels"), "messaging:channels", "route", 413, "settings.view"),
            Entry(
                "client",
                group,
                _("Protection"),
                "messaging:protection",
                "shield",
                415,
                "message.view",
                words=_("fraud pumping misuse held alerts"),
            ),
            Entry(
                "client",
                group,
                _("Service level"),
                "messaging:service-level",
                "gauge",
                417,
                "message.view",
                words=_("SLA routing success article 28"),
            ),
            Entry("client", developers, _("Webhooks"), "messaging:webhooks", "plug", 1020, "key.view"),
            Entry("client", developers, _("SMPP accounts"), "messaging:smpp", "network", 1030, "key.view"),
            Entry(
                "client",
                developers,
                _("API requests"),
                "messaging:requests",
                "activity",
                1040,
                "key.view",
                words=_("log errors"),
            ),
            Entry(
                "client",
                developers,
                _("API reference"),
                "messaging:api-reference",
                "book",
                1050,
                "key.view",
                words="OpenAPI",
            ),
            Entry(
                "op",
                _("Messaging"),
                _("Routes"),
                "messaging:routes",
                "route",
                300,
                phone=True,
                key="r",
                words=_("operators binds console"),
            ),
            Entry("op", _("Messaging"), _("Sender requests"), "messaging:sender-queue", "id", 305, key="e"),
            Entry("op", _("Messaging"), _("Prices"), "messaging:prices", "receipt-euro", 305),
            Entry("op", _("Messaging"), _("Fraud"), "messaging:fraud", "shield", 307, phone=True, key="f"),
            Entry("op", _("Messaging"), _("Service level"), "messaging:service-levels", "gauge", 308, key="l"),
            Entry("op", _("Messaging"), _("Stop list"), "messaging:stop-list", "ban", 310, key="s"),
        )

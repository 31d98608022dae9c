"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, include, path

from sofy.soreach.views import links, lists, opens, reports, running, who, wizard

app_name = "soreach"
campaign = [
    path("", lists.campaign, name="campaign"),
    path("audience", wizard.audience, name="audience"),
    path("audience/people", who.of_audience, name="audience-people"),
    path("content", wizard.content, name="content"),
    path("content/mail", wizard.mail, name="mail"),
    path("schedule", wizard.schedule, name="schedule"),
    path("checks", wizard.check, name="checks"),
    path("confirm", wizard.confirm, name="confirm"),
    path("test", wizard.test, name="test"),
    path("duplicate", lists.duplicate, name="duplicate"),
    path("delete", lists.delete, name="delete"),
    path("progress", running.progress, name="progress"),
    path("pause", running.pause, name="pause"),
    path("resume", running.resume, name="resume"),
    path("cancel", running.cancel, name="cancel"),
    path("recall", running.recall, name="recall"),
    path("approve", running.approve, name="approve"),
    path("report", reports.report, name="report"),
    path("report/people", reports.people, name="people"),
    path("report/files/<uuid:report_file_id>", reports.report_file, name="report-file"),
    path("report/files/<uuid:report_file_id>/content", reports.report_file_content, name="report-file-content"),
    path("report.csv", reports.download, {"kind": "csv"}, name="csv"),
    path("report.xlsx", reports.download, {"kind": "xlsx"}, name="xlsx"),
    path("report.pdf", reports.download, {"kind": "pdf"}, name="pdf"),
]
workspace: list[URLPattern | URLResolver] = [
    path("", lists.campaigns, name="campaigns"),
    path("new", lists.new, name="new"),
    path("<uuid:campaign_id>/", include(campaign)),
]
urlpatterns = [
    path("c/<slug:client_slug>/campaigns/", include(workspace)),
    path("l/<str:code>", links.follow, name="link"),
    path("o/<str:code>.gif", opens.image, name="open-image"),
]

"""Every address of the product: each app lists its own, from the root, in its `urls.py`."""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answers 200 when this process can reach its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [path("healthz", healthz, name="healthz")]
for _name in settings.OUR_APPS:
    if (settings.PACKAGE / _name / "urls.py").exists():
        urlpatterns.append(path("", include(f"sofy.{_name}.urls")))  # type: ignore[arg-type]

handler400 = "sofy.ui.views.unreadable"
handler403 = "sofy.ui.views.forbidden"
handler404 = "sofy.ui.views.not_found"
handler429 = "sofy.ui.views.too_many"  # allauth's
handler500 = "sofy.ui.views.failed"

"""The WSGI application that `sofy web` serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from sofy.project import runtime
from sofy.project.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sofy.project.settings")

application = get_wsgi_application()
runtime.install_clock(settings.SOFY)
# The server runs this module in a child of its own: a killed parent must not leave a child holding the port.
die_with_parent()

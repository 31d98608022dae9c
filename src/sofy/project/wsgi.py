"""The WSGI application that `sofy web` serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sofy.project.settings")

application = get_wsgi_application()

"""Connections of the worker beside Django's own, to the same database as another role."""

from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from sofy.engine import db


def open_as(role: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Log in to Django's database as `sofy_web` (reads under row-level security) or `sofy_engine` (intake)."""
    here = connection.settings_dict
    password = (Path(settings.SOFY.secrets_dir) / f"pg_{role}").read_text().strip()
    address = psycopg.conninfo.make_conninfo(
        "", host=here["HOST"], port=here["PORT"], dbname=here["NAME"], user=role, password=password
    )
    return db.connect(address, autocommit=autocommit)

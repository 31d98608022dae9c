"""Files that people send on WhatsApp: fetched from Meta by the worker, sealed under the client's key for a week."""

import asyncio
import io
from typing import Any, BinaryIO
from uuid import UUID

import msgspec
import structlog
from django.db import connection, connections

from sofy.audience import vault
from sofy.connectors.whatsapp_cloud import graph
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.failures import ACCOUNT_WIDE
from sofy.engine.route_config import open_config
from sofy.kit.keys import keys_for, keystore
from sofy.kit.rls import client_scope, staff_scope

log = structlog.get_logger(__name__)


def keep(client_id: UUID, inbound_id: UUID) -> bool:
    """Fetch the file of a message and store it sealed, under the message's own id; whether there was one to keep.

    Raises: aiohttp.ClientError, TimeoutError, graph.GraphFailed when Meta cannot be reached, or may say otherwise
    later: the job comes again.
    """
    wanted = _wanted(client_id, inbound_id)
    if wanted is None:
        return False
    route_id, media = wanted
    config = _config_of(route_id)
    if config is None:
        return False
    try:
        content = asyncio.run(graph.fetch_media(config, str(media.get("id", ""))))
    except graph.GraphFailed as failed:
        if failed.passing or failed.code in ACCOUNT_WIDE:  # the token may be replaced before Meta forgets the file
            raise
        # it is gone there, or is not what was announced: asking again changes nothing
        log.warning("whatsapp.file_not_kept", client=str(client_id), inbound=str(inbound_id), code=failed.code)
        return False
    with client_scope(client_id):
        name = str(media.get("filename") or media.get("kind", ""))
        vault.store(keys_for(client_id), inbound_id, io.BytesIO(content), name=name)
    return True


def open_file(client_id: UUID, inbound_id: UUID) -> BinaryIO:
    """The file of a message, inside the client's scope. Raises: Refused file_gone."""
    return vault.open_file(keys_for(client_id), inbound_id)


def _wanted(client_id: UUID, inbound_id: UUID) -> tuple[UUID, dict[str, Any]] | None:
    """The route a message came by and what it says of its file."""
    with client_scope(client_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT route_id, payload FROM engine_inbound WHERE client_id = %s AND id = %s", [client_id, inbound_id]
        )
        row = cursor.fetchone()
        if row is None:
            return None
        said = msgspec.json.decode(keys_for(client_id).unseal("engine_inbound", "payload", inbound_id, bytes(row[1])))
    media = (said.get("detail") or {}).get("media") if said.get("kind") == "media" else None
    return (row[0], media) if isinstance(media, dict) else None


def _config_of(route_id: UUID) -> Config | None:
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "SELECT config FROM engine_route WHERE id = %s AND connector = %s", [route_id, WhatsAppCloudConnector.code]
        )
        row = cursor.fetchone()
    if row is None:
        return None
    stored = msgspec.json.decode(row[0]) if isinstance(row[0], str) else row[0]
    return msgspec.convert(open_config(keystore(), WhatsAppCloudConnector, route_id, stored), Config)

"""Keys outside the database, and a clock that jumps for several processes."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from sofy.engine.keystore import KeyStore
from sofy.engine.route_config import open_config, seal_config
from sofy.engine.shifted_clock import FileClock
from sofy.engine.tests.conftest import FakeConnector, _Places
from sofy.kernel import clock, crypto, ids
from sofy.kernel.errors import ConfigError, Refused


@pytest.mark.clause("DPA 7")
def test_keys_are_private_files_and_stay_the_same(tmp_path: Path):
    store, client = KeyStore(_Places(tmp_path)), ids.uuid7()

    sealed = store.create(client).seal("t", "c", client, "Bonjour")

    assert KeyStore(_Places(tmp_path)).create(client).unseal("t", "c", client, sealed) == "Bonjour"
    folder = tmp_path / "secrets" / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in [tmp_path / "secrets" / "master.key", *folder.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.clause("DPA 13")
def test_a_destroyed_key_is_gone_for_every_process(tmp_path: Path):
    client = ids.uuid7()
    here, there = KeyStore(_Places(tmp_path)), KeyStore(_Places(tmp_path))
    here.create(client)
    there.client(client)

    assert here.destroy(client)

    for store in (here, there):
        with pytest.raises(Refused, match="key_destroyed"):
            store.client(client)
    assert not here.destroy(client)


def test_a_lost_master_key_is_not_replaced_by_a_new_one(tmp_path: Path):
    KeyStore(_Places(tmp_path)).create(ids.uuid7())
    (tmp_path / "secrets" / "master.key").unlink()

    with pytest.raises(ConfigError, match="restore it"):
        KeyStore(_Places(tmp_path)).create(ids.uuid7())


def test_entities_have_keys_of_their_own(tmp_path: Path):
    store = KeyStore(_Places(tmp_path))

    assert store.entity("routes") == KeyStore(_Places(tmp_path)).entity("routes")
    assert store.entity("routes") != store.entity("invoices")
    with pytest.raises(ValueError, match="plain word"):
        store.entity("../master")


def test_route_secrets_are_sealed_for_their_route(tmp_path: Path):
    store, route = KeyStore(_Places(tmp_path)), ids.uuid7()

    stored = seal_config(store, FakeConnector, route, {"name": "a", "password": "geheim"})

    assert stored["name"] == "a"
    assert "geheim" not in str(stored)
    assert open_config(store, FakeConnector, route, stored)["password"] == "geheim"
    with pytest.raises(crypto.Unreadable):
        open_config(store, FakeConnector, ids.uuid7(), stored)
    with pytest.raises(ValueError, match="save the route again"):
        open_config(store, FakeConnector, route, {"password": "geheim"})


def test_a_jump_is_seen_by_everybody_who_shares_the_file(tmp_path: Path):
    here, there = (FileClock(tmp_path / "clock", environment="demo") for _ in range(2))

    here.advance_to(clock.DEMO_START)

    assert abs(there() - clock.DEMO_START) < timedelta(seconds=2)
    assert there().utcoffset() == timedelta(0)


def test_production_has_no_shifted_clock(tmp_path: Path):
    with pytest.raises(ConfigError, match="production"):
        FileClock(tmp_path / "clock", environment="production")

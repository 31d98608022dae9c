"""The server of the wheel: starts, survives, recovers, and loosens nobody's rights."""

import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from sofy.kernel.errors import Refused
from sofy.project import database, places
from sofy.project.embedded_pg import EmbeddedPostgres


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A state folder where a real one would be: root's must be reachable by the server's user."""
    folder = places.SYSTEM_ROOT / f"test-{os.getpid()}" if os.geteuid() == 0 else tmp_path_factory.mktemp("state")
    yield folder
    EmbeddedPostgres(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(state):
    made = EmbeddedPostgres(state)
    made.ensure()
    return made


def _query(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        answered = connection.execute(statement)
        return answered.fetchall() if answered.description else None


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_durability_is_never_switched_off(server, setting):
    assert _query(server.ensure(), f"show {setting}") == [("on",)]


def test_it_listens_on_loopback_with_passwords_only(server):
    url = server.ensure()

    assert _query(url, "show listen_addresses") == [("127.0.0.1",)]
    assert _query(url, "select distinct auth_method from pg_hba_file_rules") == [("scram-sha-256",)]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(re.sub(":[^:@]*@", ":wrong@", url), connect_timeout=5).close()


def test_no_outgoing_connection_gets_its_port_while_it_is_restarted(server):
    given_out_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    ((port,),) = _query(server.ensure(), "select inet_server_port()")

    assert port < given_out_from


def test_a_refused_statement_leaves_no_value_in_the_log(server):
    url = server.ensure()
    _query(url, "create table if not exists secret_values (value text unique)")

    for _ in range(2):
        with contextlib.suppress(psycopg.errors.UniqueViolation):
            _query(url, "insert into secret_values values ('+33639980001')")

    assert "39980001" not in server.log.read_text()


def test_a_killed_server_is_started_again_with_what_was_committed(server):
    url = server.ensure()
    _query(url, "create table if not exists kept (id int)")
    _query(url, "insert into kept values (7)")
    pid = server.running_pid()

    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.running_pid() == pid and time.monotonic() < deadline:
        time.sleep(0.05)
    again = EmbeddedPostgres(server.state).ensure()

    assert server.running_pid() not in (None, pid)
    assert (7,) in _query(again, "select id from kept")


def test_a_stale_pid_file_that_names_a_living_stranger_is_seen_through(server):
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")

    url = server.ensure()

    assert _query(url, "select 1") == [(1,)]


def test_the_server_outlives_the_process_that_started_it(server):
    server.stop()
    program = "import sys, pathlib; from sofy.project.embedded_pg import EmbeddedPostgres as E;"
    program += " E(pathlib.Path(sys.argv[1])).ensure()"

    subprocess.run([sys.executable, "-c", program, str(server.state)], check=True, timeout=60)

    assert server.running_pid() is not None


def test_two_starts_at_once_give_one_server(server):
    server.stop()
    program = "import sys, pathlib; from sofy.project.embedded_pg import EmbeddedPostgres as E;"
    program += " print(E(pathlib.Path(sys.argv[1])).ensure())"
    command = [sys.executable, "-c", program, str(server.state)]

    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    urls = {process.communicate(timeout=60)[0].strip() for process in both}

    assert len(urls) == 1


def test_the_data_is_closed_and_no_older_folder_was_opened(state, server):
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(server.data) == 0o700
    assert mode(server.secrets_dir) == 0o700
    assert mode(server.secrets_dir / "pg_sofy_admin") == 0o600


def test_a_private_folder_above_keeps_its_rights(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    places.private_dir(home / "clone" / "var" / "secrets")

    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def _opens(url, secrets_dir, role):
    try:
        psycopg.connect(database.role_url(url, secrets_dir, role), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_second_installation_leaves_the_roles_of_the_first_alone(server, tmp_path):
    """Roles belong to the whole server, whatever the databases on it."""
    first = database.with_database(server.ensure(), "sofy_first")
    second = database.with_database(server.ensure(), "sofy_second")
    database.init(first, server.secrets_dir)

    with pytest.raises(Refused) as refused:
        database.init(second, tmp_path)
    database.init(second, server.secrets_dir)
    database.init(first, server.secrets_dir)

    assert (refused.value.code, refused.value.facts["folder"]) == ("role_of_another", str(tmp_path))
    for role in database.ROLES:
        assert _opens(first, server.secrets_dir, role), role
        assert _opens(second, server.secrets_dir, role), role

    database.init(second, tmp_path, new_passwords=True)

    assert [_opens(first, folder, database.WEB) for folder in (server.secrets_dir, tmp_path)] == [False, True]


def test_a_server_that_was_killed_waits_for_its_port(server):
    before = server.ensure()
    os.kill(server.running_pid(), signal.SIGKILL)
    port = int(before.rsplit(":", 1)[1].split("/")[0])
    keeper = _taken_for(port, 1.0)

    after = server.ensure()

    keeper.join()
    assert after == before


def _taken_for(port, seconds):
    """Somebody listens on a port of a killed server for a moment, as its last children may."""
    taken = Event()

    def keep():
        with socket.socket() as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            while True:
                with contextlib.suppress(OSError):
                    held.bind(("127.0.0.1", port))
                    held.listen()
                    break
                time.sleep(0.01)
            taken.set()
            time.sleep(seconds)

    thread = Thread(target=keep)
    thread.start()
    assert taken.wait(10)
    return thread

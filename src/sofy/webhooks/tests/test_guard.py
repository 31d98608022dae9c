"""No request goes into the networks of whoever runs the product."""

import contextlib
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.errors import Refused
from sofy.webhooks import guard
from sofy.webhooks.tests.conftest import Clients, Program, until

Start = Callable[..., Any]


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.9.9.9", "0.1.2.3", "169.254.169.254",
     "100.64.0.1", "100.100.100.200", "192.0.0.170", "198.18.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255",
     "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
     "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1",
     "2001::1", "2001:db8::1", "3fff::1", "100::1", "nonsense", ""],
)  # fmt: skip
def test_what_is_not_of_the_public_internet_is_refused(address: str):
    assert not guard.may_go(address, loopback=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_public_internet_is_open(address: str):
    assert guard.may_go(address, loopback=False)


@pytest.mark.parametrize(("address", "open_"), [("127.0.0.1", True), ("::1", True), ("10.0.0.1", False)])
def test_outside_of_production_this_machine_counts(address: str, open_: bool):
    assert guard.may_go(address, loopback=True) is open_


@given(st.ip_addresses())
def test_whatever_python_calls_private_is_refused(address: Any):
    parsed = ip_address(str(address))

    if parsed.is_private or parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_reserved:
        assert not guard.may_go(str(address), loopback=False) or getattr(parsed, "ipv4_mapped", None)


@pytest.mark.parametrize(
    ("url", "code"),
    [("", "webhook_url"), ("example.com/hook", "webhook_url"), ("https://", "webhook_url"),
     ("https://example.com:99999/", "webhook_url"), ("https://[::1", "webhook_url"),
     ("https://example.com/\r\nhost: x", "webhook_url"), ("https://exämple.com/", "webhook_url"),
     ("https://example.com/#part", "webhook_url"), ("https://example.com/" + "x" * 2_000, "webhook_url"),
     ("http://example.com/", "webhook_url_scheme"), ("ftp://example.com/", "webhook_url_scheme"),
     ("file:///etc/passwd", "webhook_url"), ("https://user:secret@example.com/", "webhook_url_login"),
     ("https://user@example.com/", "webhook_url_login"), ("https://127.0.0.1/", "webhook_url_private"),
     ("https://localhost/", "webhook_url_private"), ("https://a.localhost/", "webhook_url_private"),
     ("https://[::ffff:10.0.0.1]/", "webhook_url_private"), ("https://169.254.169.254/", "webhook_url_private"),
     ("https://167772161/", "webhook_url_private"), ("https://0x0a000001/", "webhook_url_private"),
     ("https://012.0.0.1/", "webhook_url_private"), ("https://10.1/", "webhook_url_private"),
     ("https://0/", "webhook_url_private"), ("https://127.1/", "webhook_url_private"),
     ("https://localhost./", "webhook_url_private"), ("https://10.0.0.1./", "webhook_url_private")],
)  # fmt: skip
def test_an_address_that_cannot_be_a_webhook_is_refused(url: str, code: str):
    with pytest.raises(Refused) as refused:
        guard.check_url(url, production=True)

    assert refused.value.code == code


@pytest.mark.parametrize("url", ["https://example.com/hook?a=b", "https://example.com:8443/"])
def test_an_address_of_the_internet_can_be_a_webhook(url: str):
    guard.check_url(url, production=True)
    guard.check_url(url.replace("https", "http"), production=False)


@given(st.text(max_size=80))
def test_no_address_is_a_fault(url: str):
    with contextlib.suppress(Refused):
        guard.check_url(url, production=True)


class Names(AbstractResolver):
    """A name server that changes its mind."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
        self.asked += 1
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        return [{"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("url", ["http://10.0.0.1:1/", "http://shop.example:1/", "http://0x0a000001:1/"])
async def test_a_private_address_is_never_connected_to(url: str, house: Clients, start: Start, monkeypatch: Any):
    name, _ = house.hook("http://shop.example/")
    sealed = house.keys().seal("gate_endpoint", "url", name, url)
    house.admin.execute("UPDATE gate_endpoint SET url = %s", [sealed])
    monkeypatch.setattr("sofy.webhooks.turn.check_url", lambda *_a, **_k: None)
    house.submit(house.message())
    await start(resolver=Names("192.168.1.1") if "shop" in url else None)

    await until(lambda: house.deliveries(name) and house.deliveries(name)[0]["attempt"])

    assert house.deliveries(name)[0]["problem"] == "address_refused"


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused(
    house: Clients, program: Program, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sofy.webhooks.courier.DNS_KEPT_S", 0)
    program.headers = {"connection": "close"}
    names = Names("127.0.0.1", "10.0.0.1")
    name, _ = house.hook(program.address.replace("127.0.0.1", "shop.example"))
    house.submit(house.message())
    await start(resolver=names)
    await until(lambda: len(program.posts) == 1)
    house.submit(house.message())

    await until(lambda: len(house.deliveries(name)) == 2 and house.deliveries(name)[1]["attempt"])

    assert (house.deliveries(name)[1]["problem"], len(program.posts), names.asked) == ("address_refused", 1, 2)


async def test_in_production_this_machine_is_refused_too(
    house: Clients, program: Program, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sofy.webhooks.turn.check_url", lambda *_a, **_k: None)
    name, _ = house.hook(program.address)
    house.submit(house.message())
    settings = {"SOFY_ENVIRONMENT": "production", "SOFY_BASE_URL": "https://sofy.example"}
    await start(settings=settings)

    await until(lambda: house.deliveries(name) and house.deliveries(name)[0]["attempt"])

    assert (house.deliveries(name)[0]["problem"], program.posts) == ("address_refused", [])

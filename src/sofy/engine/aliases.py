"""People with two names: a number, and the identity a channel gave them. Who says no under one says it under both.

A person who has a user name on WhatsApp may write without a number. Which number that is, the channel says now and
then, with a receipt or with a message that carries both; it is noted for the clients who wrote to that number from
there, under their own keys, so that no client learns anything of another.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.pgarray import ByteaArray
from sofy.engine.routes import Route
from sofy.kernel import channels, clock
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.errors import Refused


class Aliases:
    """Notes and finds them."""

    def __init__(self, link: HotLink, keystore: KeyStore) -> None:
        self._link = link
        self._keystore = keystore

    @clause("CGVU 17")
    async def note(self, way: Route | None, pairs: Iterable[tuple[str, str]]) -> None:
        """Numbers (E.164), each with the identity of its owner, as the supplier of a route names them."""
        known = {(number, identity) for number, identity in pairs if channels.identity(identity) == "channel"}
        if way is None or not known:
            return
        index = self._keystore.platform().index
        persons = {identity: index("channel", identity) for _, identity in known}
        numbers = {number: index("phone", number) for number, _ in known}
        clients = await self._clients(way, numbers.values())
        rows: dict[bytes, dict[tuple[bytes, bytes], tuple[bytes, bytes]]] = defaultdict(dict)
        for number, identity in known:
            for client in clients.get(numbers[number], ()):
                if (keys := self._keys(client)) is not None:
                    names = keys.index("channel", identity), keys.index("phone", number)
                    rows[client][names] = persons[identity], numbers[number]
        for client, found in rows.items():
            await self._write(way, client, found)

    async def note_answer(self, way: Route | None, client: bytes, identity: str, recipient: bytes) -> None:
        """Somebody known by an identity alone answered a message of this client to this recipient."""
        keys = self._keys(client)
        if way is None or keys is None or channels.identity(identity) != "channel":
            return
        mine = keys.index("channel", identity)
        if mine != recipient:
            person = self._keystore.platform().index("channel", identity)
            await self._write(way, client, {(mine, recipient): (person, None)})

    @clause("CGVU 17")
    async def rename(self, way: Route | None, names: Collection[str]) -> None:
        """One person, as the supplier of a route calls them, the present name first: what they said stays said."""
        present = next(iter(names), "")
        if way is None or not present:
            return
        kind = channels.identity(present)
        person = self._keystore.platform().index(kind, present)
        number = next(iter(await self._numbers(names)), None)
        for client, known in (await self.known_as(way, names)).items():
            keys = self._keys(client)
            assert keys is not None
            now = keys.index(kind, present)
            others = await self.names_of(client, known) - {now}
            await self._write(way, client, {(now, other): (person, number) for other in others})

    async def known_as(self, way: Route, names: Collection[str]) -> dict[bytes, list[bytes]]:
        """Which clients wrote to somebody by this route, each with the person's names there."""
        index = self._keystore.platform().index
        people = {index(channels.identity(name), name) for name in names} | set(await self._numbers(names))
        clients = await self._clients(way, people)
        found: dict[bytes, list[bytes]] = {}
        for client in set().union(*clients.values()):
            if (keys := self._keys(client)) is not None:
                found[client] = [keys.index(channels.identity(name), name) for name in names]
        return found

    async def _numbers(self, names: Iterable[str]) -> list[bytes]:
        """The numbers of somebody, by the platform's index: those among the names, those known of identities."""
        index = self._keystore.platform().index
        found: list[bytes] = []
        for name in names:
            if (kind := channels.identity(name)) == "phone":
                found.append(index(kind, name))
            else:
                found += await self.numbers_of(index(kind, name))
        return found

    async def numbers_of(self, person: bytes) -> list[bytes]:
        """Under which numbers, by the platform's index, somebody is known."""
        return [row[0] for row in await self._link.rows("numbers_of_person", {"person": person})]

    async def names_of(self, client: bytes, names: Collection[bytes]) -> set[bytes]:
        """These names of one person, and the others that this client knows."""
        values = {"client": UUID(bytes=client), "names": ByteaArray.of(list(names))}
        return {*names, *(name for row in await self._link.rows("aliases_of", values) for name in row)}

    async def _clients(self, way: Route, numbers: Collection[bytes]) -> dict[bytes, set[bytes]]:
        """Who wrote to these numbers by this route; the owner of a route, to all of them."""
        if way.client is not None:
            return {number: {way.client} for number in numbers}
        if way.short_code is None:
            return {}
        values = {"short_code": way.short_code, "numbers": ByteaArray.of(list(numbers))}
        rows = await self._link.rows("writers_at", values)
        return {number: {one for one in (last, before) if one is not None} for number, last, _, before, _ in rows}

    async def _write(
        self, way: Route, client: bytes, found: Mapping[tuple[bytes, bytes], tuple[bytes, bytes | None]]
    ) -> None:
        values = {
            "client": UUID(bytes=client),
            "channel": channels.TRAITS[way.channel].permission,
            "identities": ByteaArray.of([identity for identity, _ in found]),
            "recipients": ByteaArray.of([recipient for _, recipient in found]),
            "persons": ByteaArray.of([person for person, _ in found.values()]),
            "numbers": ByteaArray.of([number for _, number in found.values()]),
            "now": clock.now(),
        }
        await self._link.run("note_aliases", values)

    def _keys(self, client: bytes) -> ClientKeys | None:
        try:
            return self._keystore.client(UUID(bytes=client))
        except Refused:  # its key was destroyed
            return None

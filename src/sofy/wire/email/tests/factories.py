"""A mail server that does what a test says, written byte by byte."""

import asyncio
from collections.abc import Callable

from sofy.wire.email.smtp import ClientSession, Reply

Script = Callable[[bytes], bytes]


class Desk:
    """Who owns the mails of a session, remembering everything."""

    def __init__(self) -> None:
        self.answers: list[tuple[object, int, str]] = []
        self.unsent: list[object] = []
        self.doubtful: list[object] = []
        self.news = asyncio.Event()

    def on_answer(self, session: ClientSession, token: object, reply: Reply) -> None:
        self.answers.append((token, reply.code, reply.enhanced))
        self.news.set()

    def on_lost(self, session: ClientSession, unsent: list[object], doubtful: list[object], reason: str) -> None:
        self.unsent += unsent
        self.doubtful += doubtful
        self.news.set()

    def on_room(self, session: ClientSession) -> None:
        self.news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                self.news.clear()
                await asyncio.wait([asyncio.ensure_future(self.news.wait())], timeout=0.05)


class Server:
    """Answers each command as `answers` says (by its first word, or by the whole line), everything else with 250."""

    def __init__(self, *, features: tuple[str, ...] = ("PIPELINING", "SIZE 10000000")) -> None:
        self.features = features
        self.answers: dict[str, str] = {}
        self.commands: list[str] = []
        self.mails: list[bytes] = []
        self.hang_up_on = ""
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()
        await asyncio.sleep(0.01)

    def tire(self) -> None:
        """Close every connection, as servers do after minutes of silence."""
        for writer in list(self._writers):
            writer.write(b"421 4.4.2 mx.example Error: timeout exceeded\r\n")
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            writer.write(b"220 mx.example ESMTP\r\n")
            while line := await reader.readline():
                if not await self._command(line.decode().rstrip("\r\n"), reader, writer):
                    break
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _command(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.commands.append(line)
        word = line.split(" ")[0].split(":")[0]
        if self.hang_up_on and line.startswith(self.hang_up_on):
            return False
        if word == "EHLO" and line not in self.answers:
            said = ["mx.example", *self.features]
            lines = [f"250-{one}" for one in said[:-1]] + [f"250 {said[-1]}"]
            writer.write("\r\n".join(lines).encode() + b"\r\n")
            return True
        answer = self.answers.get(line) or self.answers.get(word) or ("354 go" if word == "DATA" else "250 2.0.0 ok")
        writer.write(answer.encode() + b"\r\n")
        if answer.startswith("354"):
            return await self._text(reader, writer)
        return word != "QUIT" and not answer.startswith("421")

    async def _text(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = []
        while (line := await reader.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        self.mails.append(b"".join(lines))
        if self.hang_up_on == "TEXT":
            return False
        answer = self.answers.get("TEXT", "250 2.0.0 queued")
        if answer != "silence":
            writer.write(answer.encode() + b"\r\n")
        return True

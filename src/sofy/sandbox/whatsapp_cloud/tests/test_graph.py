"""Templates from draft to pause, and files that people send."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import web

from sofy.connectors.base import Refused, TemplateNews
from sofy.connectors.whatsapp_cloud import graph
from sofy.connectors.whatsapp_cloud.config import Config
from sofy.connectors.whatsapp_cloud.graph import Draft, GraphFailed
from sofy.connectors.whatsapp_cloud.tests.factories import config, template
from sofy.sandbox.smpp.profile import Curve
from sofy.sandbox.whatsapp_cloud.tests.factories import Line

BODY = [{"type": "BODY", "text": "Bonjour {{1}}", "example": {"body_text": [["Camille"]]}}]


def draft(name: str = "rentree", **changes: Any) -> Draft:
    return Draft(**{"name": name, "language": "fr", "category": "marketing", "components": BODY, **changes})


def settings(line: Line, **changes: Any) -> Config:
    return config(base_url=line.graph.url, **changes)


async def test_a_template_is_handed_in_reviewed_used_paused_and_removed(line: Line) -> None:
    connector = await line.up(review=Curve(0.2))
    one = template("rentree", "Camille", purpose="marketing")

    made = await graph.create_template(settings(line), draft(ttl_s=43_200))
    connector.submit([one])
    await line.until(lambda: bool(line.engine.outcomes))
    await line.until(lambda: bool(line.ear.heard.templates))
    connector.submit([one])
    await line.until(lambda: len(line.engine.outcomes) == 2)
    found = line.graph.meta.templates.find("rentree", "fr")
    assert found is not None
    line.graph.meta.judge(found, state="PAUSED", quality="RED")
    connector.submit([one])
    await line.until(lambda: len(line.engine.outcomes) == 3)
    await graph.delete_template(settings(line), "rentree", made.id)
    await line.until(lambda: len(line.ear.heard.templates) == 4)

    assert (made.status, made.category) == ("PENDING", "MARKETING")
    before, taken, paused = (told.outcome for told in line.engine.outcomes)
    assert isinstance(before, Refused)
    assert before.code == "132001"
    assert type(taken).__name__ == "Accepted"
    assert isinstance(paused, Refused)
    assert paused.code == "132015"
    assert found.ttl_s == 43_200
    news = {(one.state, one.quality) for one in line.ear.heard.templates}
    assert news == {("APPROVED", ""), ("", "RED"), ("PAUSED", ""), ("DELETED", "")}


async def test_a_template_that_meta_does_not_want_is_rejected_with_its_reason(line: Line) -> None:
    await line.up()

    await graph.create_template(settings(line), draft("a_refuser"))
    await line.until(lambda: bool(line.ear.heard.templates))

    rejected = TemplateNews(name="a_refuser", language="fr", state="REJECTED", reason="INVALID_FORMAT")
    assert line.ear.heard.templates == [rejected]
    known = {one.name: one for one in await graph.list_templates(settings(line))}
    assert (known["a_refuser"].status, known["a_refuser"].rejected_reason) == ("REJECTED", "INVALID_FORMAT")


async def test_every_template_of_the_account_is_listed_over_many_pages(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "_PAGE", 3)
    await line.up()
    for n in range(6):
        await graph.create_template(settings(line), draft(f"numero_{n}"))

    known = await graph.list_templates(settings(line))

    assert len(known) == len({one.id for one in known}) == 10
    assert {f"numero_{n}" for n in range(6)} <= {one.name for one in known}


@pytest.mark.parametrize(
    ("_case", "wrong"),
    [
        ("its name", {"name": "Rentrée"}),
        ("its category", {"category": "spam"}),
        ("no body", {"components": []}),
        ("no example", {"components": [{"type": "BODY", "text": "Bonjour {{1}}"}]}),
        ("marketing is tried for 12 hours at least", {"ttl_s": 3600}),
    ],
)
async def test_a_draft_that_is_not_right_is_told_so(line: Line, _case: str, wrong: dict[str, Any]) -> None:
    await line.up()

    with pytest.raises(GraphFailed) as told:
        await graph.create_template(settings(line), draft(**wrong))

    assert told.value.code == 100
    assert told.value.details


async def test_only_so_many_are_made_in_an_hour_and_each_once(line: Line) -> None:
    await line.up(creations_per_hour=1)
    await graph.create_template(settings(line), draft("une"))

    with pytest.raises(GraphFailed, match="already content"):
        await graph.create_template(settings(line), draft("une"))
    with pytest.raises(GraphFailed, match="80007") as later:
        await graph.create_template(settings(line), draft("deux"))
    assert later.value.passing
    with pytest.raises(GraphFailed, match="100"):
        await graph.delete_template(settings(line), "deux")


async def test_a_wrong_number_of_values_is_refused(line: Line) -> None:
    connector = await line.up()

    connector.submit([template("rappel_rendez_vous", "Camille")])
    await line.until(lambda: bool(line.engine.outcomes))

    assert isinstance(line.engine.outcomes[0].outcome, Refused)
    assert line.engine.outcomes[0].outcome.code == "132000"


# files


async def test_a_file_of_a_person_is_fetched_and_is_the_one_that_was_announced(line: Line) -> None:
    await line.up()
    name = line.graph.keep_file(b"%PDF-1.7 facture", "application/pdf")
    line.graph.meta.say("33639980001", {"type": "document", "document": {"id": name, "mime_type": "application/pdf"}})
    await line.until(lambda: bool(line.ear.heard.inbound))
    detail = line.ear.heard.inbound[0].detail
    assert detail is not None

    assert await graph.fetch_media(settings(line), detail["media"]["id"]) == b"%PDF-1.7 facture"


async def test_a_file_that_is_gone_too_large_or_strangely_named_is_not_fetched(line: Line) -> None:
    await line.up()
    name = line.graph.keep_file(b"x" * 5000, "image/png")

    with pytest.raises(GraphFailed, match="too large") as large:
        await graph.fetch_media(settings(line, media_bytes=1000), name)
    with pytest.raises(GraphFailed, match="100") as gone:
        await graph.fetch_media(settings(line), "999")
    assert not large.value.passing
    assert not gone.value.passing
    with pytest.raises(GraphFailed, match="not the id"):
        await graph.fetch_media(settings(line), "../me")


async def test_the_token_is_given_to_meta_alone_and_a_changed_file_is_noticed() -> None:
    told: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"other") if request.path == "/file" else web.json_response(told)

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"

    for url in ("https://evil.example/file", "http://lookaside.fbsbx.com/file", "https://fbsbx.com.evil.example/", ""):
        told["url"] = url
        with pytest.raises(GraphFailed, match="not Meta's"):
            await graph.fetch_media(config(base_url=own), "1")
    told.update(url=f"{own}/file", sha256="0" * 64)
    with pytest.raises(GraphFailed, match="announced"):
        await graph.fetch_media(config(base_url=own), "1")
    await runner.cleanup()


async def test_an_address_of_a_file_that_ended_is_worth_asking_for_another() -> None:
    async def answer(request: web.Request) -> web.Response:
        there = {"url": f"http://{request.host}/file"}
        return web.json_response(status=404) if request.path == "/file" else web.json_response(there)

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    with pytest.raises(GraphFailed) as told:
        await graph.fetch_media(config(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}"), "1")
    await runner.cleanup()

    assert told.value.passing


async def test_an_answer_that_is_not_of_the_graph_is_a_failure_too(line: Line) -> None:
    await line.up(away="503")

    with pytest.raises(GraphFailed, match="HTTP 503") as told:
        await graph.list_templates(settings(line))
    assert told.value.passing


async def test_a_wrong_token_is_said(line: Line) -> None:
    await line.up()

    with pytest.raises(GraphFailed) as told:
        await graph.list_templates(msgspec.structs.replace(settings(line), access_token="other"))
    await asyncio.sleep(0)

    assert told.value.code == 190

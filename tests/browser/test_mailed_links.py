"""The pages that mailed links lead to, through their own forms: confirm an address, choose a new password."""

import re
from collections.abc import AsyncIterator

import pytest

from node.mail.jobs import send_due
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, serve_node
from tests.support.redis_server import RedisServer
from tests.support.smtp_sink import SmtpSink


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def node(redis_server: RedisServer, sink: SmtpSink) -> AsyncIterator[Node]:
    """A node that sends mail."""
    async with serve_node(redis_server, smtp_url=sink.url) as served:
        yield served


@pytest.fixture
async def visitor(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as somebody:
        yield somebody


async def newest_link(node: Node, sink: SmtpSink) -> str:
    """Return the path of the link in the newest mail."""
    await send_due(node.runtime)
    found = re.search(re.escape(node.url) + r"(/auth/\S+)", sink.mails[-1].part("plain"))
    assert found is not None
    return found[1]


async def test_somebody_signs_up_and_confirms(node: Node, sink: SmtpSink, visitor: Visitor) -> None:
    page = await visitor.sign_up("ann")
    assert page.path == "/auth/sign_in"
    assert "open the link in the mail" in page.text
    assert "open the link in the mail" in (await visitor.sign_in("ann")).text
    link = await newest_link(node, sink)
    assert (await visitor.http.head(link)).status_code == 200
    page = await visitor.open(link)  # looking at it uses nothing up
    page = await visitor.send(page, "form[action='/auth/confirm']")
    assert "Your address is confirmed" in page.text
    assert (await visitor.sign_in("ann")).path == "/home"
    again = await visitor.open(link)
    assert again.status == 410
    assert "does not work any more" in again.text


async def test_row_99_a_taken_address_looks_like_a_new_one(node: Node, sink: SmtpSink, visitor: Visitor) -> None:
    await node.person("ann")
    form = await visitor.open("/auth/sign_up")
    answers = []
    for name, email in (("cleo", "cleo@example.com"), ("dora", "ann@example.com")):
        answers.append(
            await visitor.send(
                form, "form[action='/auth/sign_up']", username=name, email=email,
                password="correct horse battery", password_again="correct horse battery",
            )
        )  # fmt: skip
    assert [(page.status, page.path, page.text) for page in answers[:1]] == [
        (page.status, page.path, page.text) for page in answers[1:]
    ]


async def test_a_forgotten_password(node: Node, sink: SmtpSink, visitor: Visitor) -> None:
    await node.person("ann")
    page = await visitor.open("/auth/sign_in")
    assert page.html.css_first("a[href='/auth/password/forgot']") is not None
    page = await visitor.send(
        await visitor.open("/auth/password/forgot"), "form[action='/auth/password/forgot']", login="ann@example.com"
    )
    assert "a mail with a link is on its way" in page.text
    link = await newest_link(node, sink)
    page = await visitor.open(link)
    refused = await visitor.send(
        page, "form[action='/auth/password/reset']", password="one password", password_again="another one"
    )
    assert refused.status == 422
    assert refused.html.css_first("#password_again-wrong") is not None
    short = await visitor.send(refused, "form[action='/auth/password/reset']", password="a", password_again="a")
    assert short.status == 422
    done = await visitor.send(
        short, "form[action='/auth/password/reset']", password="a new long one", password_again="a new long one"
    )
    assert "Your new password is set" in done.text
    assert "do not belong together" in (await visitor.sign_in("ann")).text
    assert (await visitor.sign_in("ann", "a new long one")).path == "/home"
    assert (await visitor.open(link)).status == 410


async def test_row_99_known_and_unknown_get_one_answer(node: Node, sink: SmtpSink, visitor: Visitor) -> None:
    await node.person("ann")
    seen = set()
    for login in ("ann@example.com", "ann", "nobody@example.com", "no\x00body"):
        form = await visitor.open("/auth/password/forgot")
        page = await visitor.send(form, "form[action='/auth/password/forgot']", login=login)
        seen.add((page.status, page.path, page.text))
    assert len(seen) == 1
    await send_due(node.runtime)
    assert len(sink.mails) == 1


@pytest.mark.parametrize("path", ["/auth/confirm", "/auth/password/reset"])
@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "%00", "%F0%28"])
async def test_links_that_are_none(visitor: Visitor, path: str, token: str) -> None:
    assert (await visitor.open(f"{path}?token={token}")).status == 410
    assert (await visitor.open(path)).status == 410


async def test_a_form_of_another_site_resets_nothing(node: Node, sink: SmtpSink, visitor: Visitor) -> None:
    """Attacks row 94."""
    await node.person("ann")
    answer = await visitor.http.post(
        "/auth/password/forgot", data={"login": "ann"}, headers={"Origin": "https://evil.test"}
    )
    assert answer.status_code == 403
    await send_due(node.runtime)
    assert sink.mails == []


async def test_without_a_mail_server_the_page_says_so(redis_server: RedisServer) -> None:
    async with serve_node(redis_server) as bare, Visitor(bare.url) as visitor:
        page = await visitor.open("/auth/password/forgot")
        assert "sends no mail" in page.text
        assert page.html.css_first("form[action='/auth/password/forgot']") is None

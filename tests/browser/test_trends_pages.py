"""Trends on pages, without a script: why something is talked about, and what moderators do about it. Row 91."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.auth.service import set_role
from node.trends.service import forget_boards
from tests.browser.visitor import Visitor
from tests.support.nodes import Node


@pytest.fixture
async def mona(node: Node) -> AsyncIterator[Visitor]:
    """Somebody who just signed up."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("mona")
        yield visitor


async def test_moderators_see_why_and_exclude_and_others_do_not(node: Node, mona: Visitor) -> None:
    bo, cy = await node.person("bo"), await node.person("cy")
    async with node.runtime.write() as uow:
        await uow.write(update(Account).where(Account.id == bo.account_id).values(discoverable=True))
    post = await bo.post("Look at these #herons")
    await cy.post("More #herons here")
    for path in ("favourite", "reblog"):
        await cy.act(f"/api/v1/statuses/{post['id']}/{path}")
    await (await node.person("dan")).act(f"/api/v1/statuses/{post['id']}/favourite")
    assert (await mona.open("/admin/trends")).status == 403
    forget_boards(node.runtime)
    assert "2 posts by 2 people in 1 h, new here" in (await mona.open("/explore")).text
    me = (await node.http.get("/api/v1/accounts/lookup?acct=mona")).json()["id"]
    async with node.runtime.write() as uow:
        await set_role(uow, int(me), "moderator")
    page = await mona.open("/admin/trends")
    assert "2 posts by 2 people in 1 h, new here" in page.text
    assert "taken up by 2 people in 1 h" in page.text
    page = await mona.send(page, "td form")
    assert "It trends no more." in page.text
    assert "herons" not in (await mona.open("/explore")).text.split("Posts that move people")[0]
    assert "Excluded from trends" in (await mona.open("/admin/log")).text
    wrong = await mona.send(page, "form.section", about="author", subject="@nobody")
    assert wrong.status == 422
    assert "Nothing of that name is known here." in wrong.text
    page = await mona.send(wrong, "form.section", about="author", subject="@bo")
    assert "taken up by 2 people" in page.text
    assert (await node.http.get("/api/v1/trends/statuses")).json() == []
    page = await mona.send(page, "form[action='/admin/trends/forget']")
    page = await mona.send(page, "form[action='/admin/trends/forget']")
    assert len((await node.http.get("/api/v1/trends/statuses")).json()) == 1
    assert [tag["name"] for tag in (await node.http.get("/api/v1/trends/tags")).json()] == ["herons"]

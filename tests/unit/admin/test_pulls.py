"""Pulled accounts for the operator: the page, the verb, what is written down, whom it refuses."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli import main
from node.accounts.models import Account
from node.accounts.service import set_reported_counts
from node.base.paging import Page
from node.base.runtime import Runtime, running
from node.base.settings import load_settings
from node.moderation.queries import list_entries
from node.pulls.budgets import let_rest, take_turn
from node.pulls.queries import find_pulled
from node.pulls.rules import LONGEST
from node.pulls.service import review
from tests.support.make import make_account
from tests.support.nodes import database_template
from tests.unit.admin.test_pages import Browser, browser
from tests.unit.node.accounts.actors import fresh, stranger

OUTBOX = "https://good.test/users/star/outbox"


async def make_star(runtime: Runtime) -> Account:
    star = await stranger(runtime, "star", outbox=OUTBOX)
    async with runtime.write() as uow:
        await set_reported_counts(uow, star.id, followers=300_000)
    return await fresh(runtime, star)


async def test_the_page_shows_and_changes_who_is_pulled(runtime: Runtime) -> None:
    star, small = await make_star(runtime), await stranger(runtime, "small", outbox=OUTBOX)
    admin: Browser = await browser(runtime, (await make_account(runtime, "ada", role="admin")).id)
    assert "No account is that large" in (await admin.get("/admin/pulls"))[1]
    async with runtime.write() as uow:
        await review(uow, runtime, star)
        assert await take_turn(uow, runtime.settings, "good.test", now=runtime.now()) is None
        await let_rest(uow, "good.test", LONGEST, "http_429", now=runtime.now())
    _, html = await admin.get("/admin/pulls")
    for shown in ("@star@good.test", "300K", "1 of 600", "http_429", "Not yet"):
        assert shown in html, shown

    assert (await admin.send(f"/admin/pulls/{star.id}/off", "/admin/pulls"))[0] == 303
    assert (await admin.send("/admin/pulls", "/admin/pulls", handle="@small@good.test", choice="on"))[0] == 303
    async with runtime.read() as reader:
        rows = [await find_pulled(reader, account.id) for account in (star, small)]
        entries = await list_entries(reader, Page(limit=10))
    assert [(row.choice, row.is_on) for row in rows if row] == [("off", False), ("on", True)]
    assert [(entry.action, entry.target) for entry in entries] == [
        ("pull.on", str(small.id)),
        ("pull.off", str(star.id)),
    ]
    assert "Has the posts no longer read of" in (await admin.get("/admin/log"))[1]

    for fields, status in (
        ({"handle": "@nobody@good.test", "choice": "maybe"}, 422),
        ({"handle": "@small@good.test", "choice": "maybe"}, 422),
        ({"handle": "@ada", "choice": "on"}, 422),
    ):
        assert (await admin.send("/admin/pulls", "/admin/pulls", **fields))[0] == status
    ada = (await admin.send(f"/admin/pulls/{entries[0].actor_id}/on", "/admin/pulls"))[0]
    assert ada == 404, "one of our own"


async def test_nobody_without_the_role_sees_or_changes_it(runtime: Runtime) -> None:
    """Row 91"""
    star = await make_star(runtime)
    somebody = await browser(runtime, (await make_account(runtime, "una")).id)
    assert (await somebody.get("/admin/pulls"))[0] == 403
    assert (await somebody.send(f"/admin/pulls/{star.id}/on", "/settings/profile"))[0] == 403
    assert (await (await browser(runtime, None)).get("/admin/pulls"))[0] == 303
    async with runtime.read() as reader:
        assert await find_pulled(reader, star.id) is None


def test_the_verb_shows_and_changes_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROOKERY_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    shutil.copy(database_template(), tmp_path / "data" / "rookery.sqlite3")

    async def prepare() -> None:
        async with running(load_settings()) as runtime:
            await make_star(runtime)

    asyncio.run(prepare())

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, ["pull", *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "No account is pulled" in run("list")
    assert json.loads(run("set", "@star@good.test", "on", "--json")) == {
        "handle": "@star@good.test",
        "choice": "on",
        "pulled": True,
        "reason": "chosen",
    }
    (shown,) = json.loads(run("list", "--json"))
    assert (shown["handle"], shown["pulled"], shown["reported_followers"]) == ("@star@good.test", True, 300_000)
    assert "@star@good.test is not pulled" in run("set", "star@good.test", "off")
    assert "not pulled" in run("list")
    assert "No server was asked" in run("hosts")
    assert json.loads(run("hosts", "--json")) == []
    refused = CliRunner().invoke(main, ["pull", "set", "@star@good.test", "perhaps"])
    assert refused.exit_code == 2

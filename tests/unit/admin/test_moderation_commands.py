"""`rookery report`, `rookery domain import|export`, `rookery account alias|move`: what operators do without pages."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from admin.cli import main
from node.accounts.queries import find_local_account
from node.auth.factor_models import TotpDevice
from node.auth.service import create_token, find_token
from node.base.runtime import Runtime, running
from node.base.settings import load_settings
from node.reports.service import take_report

Run = Callable[..., Result]

LIST = """#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
bad.test,suspend,true,true,Spam,true
loud.test,silence,false,false,,false
pictures.test,noop,true,false,,false
not a domain,suspend,false,false,,false
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb against a migrated database with Ann and Bo."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROOKERY_DATA_DIR", str(tmp_path / "data"))

    def call(*words: str, input: str | None = None) -> Result:
        return CliRunner().invoke(main, list(words), input=input, catch_exceptions=False)

    assert call("migrate").exit_code == 0
    for name in ("ann", "bo"):
        made = call("account", "create", name, "--email", f"{name}@example.com", "--password", "correct horse battery")
        assert made.exit_code == 0, made.output
    return call


def data(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def within(work: Callable[[Runtime], Any]) -> Any:
    """Do something to the node's database that no verb does."""

    async def call() -> Any:
        async with running(load_settings()) as runtime:
            return await work(runtime)

    return asyncio.run(call())


def test_who_lost_everything_is_let_in_by_the_password_again(run: Run) -> None:
    """Row 95: and everything that was signed in ends."""

    async def switch_on(runtime: Runtime) -> str:
        async with runtime.write() as uow:
            ann = await find_local_account(uow, "ann")
            assert ann is not None
            now = runtime.now()
            uow.add(TotpDevice(account_id=ann.id, secret="A" * 32, created_at=now, confirmed_at=now))
            return await create_token(uow, ann.id, "read", now=now)

    async def is_good(runtime: Runtime) -> bool:
        async with runtime.read() as reader:
            return await find_token(reader, token, runtime.now()) is not None

    token = within(switch_on)
    assert within(is_good)
    assert data(run("account", "disable-2fa", "ann", "--comment", "lost her phone", "--json"))["changed"]
    assert not within(is_good)
    assert "has no two-step sign-in" in run("account", "disable-2fa", "ann").output


def test_mod_3_reports_are_listed_and_resolved(run: Run) -> None:
    async def file(runtime: Runtime) -> str:
        async with runtime.write() as uow:
            bo = await find_local_account(uow, "bo")
            assert bo is not None
            report = await take_report(
                uow, bo, host="other.test", post_ids=[], comment="Rude\nwords", now=runtime.now()
            )
            return str(report.id)

    number = within(file)
    (found,) = data(run("report", "list", "--json"))
    assert (found["id"], found["target"], found["reporter"]) == (number, "bo", "other.test")
    assert "Rude words" in run("report", "list").output
    assert data(run("report", "resolve", number, "--json"))["changed"]
    assert data(run("report", "list", "--json")) == []
    assert len(data(run("report", "list", "--resolved", "--json"))) == 1
    assert "is open" in run("report", "resolve", number, "--reopen").output
    assert run("report", "resolve", "1").exit_code == 1


def test_mod_2_lists_of_rules_come_in_and_go_out(run: Run, tmp_path: Path) -> None:
    """A list of Mastodon's, with one line that is no domain; what stood before stands unless it is to be replaced."""
    assert run("domain", "limit", "bad.test", "--reject-reports").exit_code == 0
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    answer = data(run("domain", "import", str(file), "--json"))
    assert (answer["made"], answer["kept"]) == (["loud.test", "pictures.test"], ["bad.test"])
    assert [item["domain"] for item in answer["refused"]] == ["not a domain"]
    assert data(run("domain", "import", str(file), "--replace", "--json"))["made"][0] == "bad.test"
    assert run("domain", "allow", "friend.test").exit_code == 0
    assert run("domain", "export").stdout == "".join(LIST.splitlines(keepends=True)[:-1])
    assert run("domain", "export", "--allowed").stdout == "#domain\nfriend.test\n"
    rules = {rule["domain"]: rule for rule in data(run("domain", "list", "--json"))}
    assert rules["bad.test"]["severity"] == "suspend"
    assert rules["bad.test"]["obfuscate"]
    assert "accepted pictures.test" in run("domain", "list").output
    assert run("domain", "import", "-", input="nonsense\n").exit_code == 1


def test_mov_2_an_account_is_moved_from_the_command_line(run: Run) -> None:
    """With the alias at its target only; undone; and where there is nobody, a plain sentence."""
    refused = run("account", "move", "ann", "@bo")
    assert refused.exit_code == 1
    assert "does not name this one as an alias" in refused.output
    assert len(data(run("account", "alias", "bo", "--add", "@ann", "--json"))["aliases"]) == 1
    moved = data(run("account", "move", "ann", "@bo", "--redirect-only", "--json"))
    assert moved["moved_to"]
    assert "at home here again" in run("account", "move", "ann", "--undo").output
    assert "has moved to bo" in run("account", "move", "ann", "@bo").output
    assert "You can move again on" in run("account", "move", "ann", "@bo").output
    assert run("account", "alias", "bo", "--remove", "@ann").stdout == "bo has no aliases.\n"
    assert "There is no such account" in run("account", "alias", "bo", "--add", "@nobody").output
    assert run("account", "move", "ann").exit_code == 1

"""`rookery announcement`, `rule`, `page`, `pick` and `pack`: what operators tell and suggest, from the command line."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from admin.cli import main
from node.accounts.service import ensure_instance_actor
from node.base.runtime import running
from node.base.settings import Settings
from tests.support.nodes import database_template

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb against a database of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(database_template(), tmp_path / "data" / "rookery.sqlite3")

    def call(*words: str, input: str | None = None) -> Result:
        env = {"ROOKERY_DATA_DIR": str(tmp_path / "data")}
        return CliRunner().invoke(main, list(words), env=env, input=input, catch_exceptions=False)

    return call


def data(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_announcements_are_made_changed_listed_and_removed(run: Run) -> None:
    ends = ("--starts", "2027-01-01T10:00", "--ends", "2027-01-02T10:00:00Z", "--all-day")
    made = data(run("announcement", "add", "We **move**", *ends, "--json"))
    assert (made["all_day"], made["ends_at"]) == (True, "2027-01-02T10:00:00+00:00")
    changed = data(run("announcement", "change", made["id"], "--text", "We moved", "--json"))
    assert (changed["text"], changed["starts_at"]) == ("We moved", "2027-01-01T10:00:00+00:00")
    assert [one["id"] for one in data(run("announcement", "list", "--json"))] == [made["id"]]
    assert "We moved" in run("announcement", "list").output
    assert data(run("announcement", "remove", made["id"], "--json"))["removed"] is True
    assert "Nothing is announced" in run("announcement", "list").output
    for words in (("remove", "4711"), ("change", "4711"), ("add", " "), ("add", "x", "--ends", "2027-01-01")):
        result = run("announcement", *words)
        assert result.exit_code == 1
        assert result.stderr.strip().endswith(".")
    assert run("announcement", "add", "x", "--starts", "soon").exit_code == 2


def test_rules_are_added_listed_and_removed(run: Run) -> None:
    made = data(run("rule", "add", "Be kind", "--hint", "To everybody.", "--json"))
    assert data(run("rule", "list", "--json")) == [made]
    assert "Be kind" in run("rule", "list").output
    assert run("rule", "remove", made["id"]).exit_code == 0
    assert "no rules" in run("rule", "list").output
    assert run("rule", "remove", made["id"]).exit_code == 1
    assert run("rule", "add", "x" * 301).exit_code == 1


def test_pages_are_written_shown_and_taken_away(run: Run) -> None:
    assert run("page", "show", "terms").exit_code == 1
    assert data(run("page", "write", "terms", "-", "--json", input="# Our terms\n"))["written"] is True
    assert run("page", "show", "terms").output == "# Our terms\n"
    assert data(run("page", "write", "terms", "-", "--json", input=""))["written"] is False
    assert run("page", "show", "terms").exit_code == 1
    assert run("page", "write", "imprint", "-", input="x").exit_code == 2


def test_somebody_is_picked_and_put_into_a_pack(run: Run, tmp_path: Path) -> None:
    """Nobody who does not want to be found; what there is not is said."""
    assert run("account", "create", "bo", "--email", "bo@example.com", "--password", "correct horse").exit_code == 0
    refused = run("pick", "add", "@bo")
    assert (refused.exit_code, "does not want to be suggested" in refused.output) == (1, True)
    with closing(sqlite3.connect(tmp_path / "data" / "rookery.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE accounts SET discoverable = 1 WHERE username = 'bo'")
    assert data(run("pick", "add", "bo", "--note", "Good company", "--json"))["account"] == "bo"
    assert "@bo  Good company" in run("pick", "list").output
    assert run("pick", "remove", "bo").exit_code == 0
    assert run("pick", "remove", "bo").exit_code == 1
    assert "Nobody is picked" in run("pick", "list").output
    asyncio.run(_with_instance_actor(Settings(data_dir=tmp_path / "data")))
    made = data(run("pack", "create", "Ours", "@bo", "--feature", "--json"))
    assert (made["published"], made["featured"]) == (True, True)
    assert data(run("pack", "feature", made["id"], "--undo", "--json"))["featured"] is False
    assert "Ours  public" in run("pack", "list").output
    assert run("pack", "create", "Ours", "@nobody").exit_code == 1
    assert run("pack", "remove", made["id"]).exit_code == 0
    assert run("pack", "remove", made["id"]).exit_code == 1
    assert "no starter packs" in run("pack", "list").output


async def _with_instance_actor(settings: Settings) -> None:
    """What `rookery migrate` does beside the tables."""
    async with running(settings) as runtime, runtime.write() as uow:
        await ensure_instance_actor(uow, settings, now=runtime.now())

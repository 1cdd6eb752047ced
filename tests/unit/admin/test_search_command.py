"""`rookery search ...`: the index as an operator sees it."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli import main
from node.search.condition import look_at_search
from node.search.service import search_posts
from tests.support.make import make_account, make_post
from tests.support.nodes import open_node, settle
from tests.support.redis_server import RedisServer


async def test_status_and_rebuild(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The verbs run in a process of their own beside the node, as an operator runs them."""
    monkeypatch.chdir(tmp_path)
    async with open_node(redis_server, search_engine="whoosh") as runtime:
        ann = await make_account(runtime, "ann", indexable=True)
        for number in range(3):
            await make_post(runtime, ann, f"gannet {number}")
        env = {
            "ROOKERY_DATA_DIR": str(runtime.settings.data_dir),
            "ROOKERY_DATABASE_URL": runtime.settings.database_url,
            "ROOKERY_REDIS_URL": runtime.settings.redis_url,
            "ROOKERY_SEARCH_ENGINE": "whoosh",
        }

        async def run(*words: str, **more: str) -> tuple[int, str]:
            call = CliRunner().invoke
            result = await asyncio.to_thread(call, main, ["search", *words], env={**env, **more})
            return result.exit_code, result.stdout

        code, text = await run("status", "--json")
        assert (code, json.loads(text)["engine"]["documents"]) == (0, 0)
        assert json.loads(text)["engine"]["problem"]
        assert (await run("rebuild"))[0] == 0
        found = await look_at_search(runtime)
        assert (found.engine.documents, found.engine.problem, found.rebuild) == (3, "", None)
        assert len((await search_posts(runtime, "gannet", viewer_id=None)).ids) == 3
        code, text = await run("status")
        assert code == 0
        assert "whoosh: 3 posts" in text
        await settle(runtime)
        assert (await run("rebuild", "--resume"))[0] == 0
        assert len((await search_posts(runtime, "gannet", viewer_id=None)).ids) == 3
        code, _ = await run("rebuild", ROOKERY_SEARCH_ENGINE="off")
        assert code == 1

"""toot (PyPI), the command line client, against a live node: run as people run it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from mastodon import Mastodon

from tests.clients.conftest import Live
from tests.clients.waiting import until
from tests.unit.node.media.pictures import picture

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("clients")]

Toot = Callable[..., str]


@pytest.fixture(scope="module")
def toot(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Toot:
    """Cy's toot, signed in by the code that the page shows."""
    folder = tmp_path_factory.mktemp("toot")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder), "HOME": str(folder), "BROWSER": "true"}
    command = [sys.executable, "-m", "toot"]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"toot {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    with subprocess.Popen(
        [*command, "login", "--instance", live.url],
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        address = next(line.strip() for line in asking.stdout if line.startswith(live.url))
        code = live.code(address.removeprefix(live.url), "cy")
        said, _ = asking.communicate(f"n\n{code}\n", timeout=60)
    assert "Successfully logged in" in said
    return run


def made(toot: Toot, *arguments: str) -> Any:
    """Publish and return the post as toot got it."""
    return json.loads(toot("post", *arguments, "--json"))


def shown(toot: Toot, id_: str) -> Any:
    """Return a post as toot reads it."""
    return json.loads(toot("status", id_, "--json"))


def test_who_am_i(toot: Toot) -> None:
    assert "@cy" in toot("whoami")


def test_post_reply_thread_and_delete(toot: Toot, ann: Mastodon) -> None:
    first = made(toot, "From a terminal", "--language", "en")
    answer = ann.status_reply(ann.status(first["id"]), "From a library")
    assert "From a library" in toot("thread", first["id"])
    assert ann.status(first["id"]).application.name == "toot - a Mastodon CLI client"
    ann.status_delete(answer)
    toot("delete", first["id"])
    assert ann.account_statuses(ann.account_lookup("cy")) == []


def test_a_picture_and_a_poll(toot: Toot, ann: Mastodon, tmp_path: Any) -> None:
    path = tmp_path / "field.png"
    path.write_bytes(picture())
    with_picture = made(toot, "Look", "--media", str(path), "--description", "A red field")
    assert ann.status(with_picture["id"]).media_attachments[0].description == "A red field"
    poll = made(toot, "Which?", "--poll-option", "this", "--poll-option", "that", "--poll-expires-in", "1h")
    ann.poll_vote(ann.status(poll["id"]).poll, [0])
    assert shown(toot, poll["id"])["poll"]["options"][0]["votes_count"] == 1
    for post in (with_picture, poll):
        toot("delete", post["id"])


def test_like_boost_bookmark(toot: Toot, ann: Mastodon) -> None:
    post = ann.status_post("Something to like")
    id_ = str(post.id)
    for verb in ("favourite", "reblog", "bookmark"):
        toot(verb, id_)
    seen = shown(toot, id_)
    assert (seen["favourited"], seen["reblogged"], seen["bookmarked"]) == (True, True, True)
    assert [account["acct"] for account in json.loads(toot("reblogged-by", id_, "--json"))] == ["cy"]
    until(lambda: len(ann.notifications(types=["favourite", "reblog"], account_id=ann.account_lookup("cy"))) == 2)
    for verb in ("unfavourite", "unreblog", "unbookmark"):
        toot(verb, id_)
    assert ann.status(post.id).favourites_count == 0
    ann.status_delete(post)


def test_follow_lists_tags_and_timelines(toot: Toot, ann: Mastodon) -> None:
    toot("follow", "ann")
    toot("lists", "create", "Close")
    toot("lists", "add", "Close", "ann")
    assert "@ann" in toot("lists", "accounts", "Close")
    toot("tags", "follow", "plovers")
    assert "plovers" in toot("tags", "followed")
    post = ann.status_post("Seen at #plovers")
    until(lambda: "Seen at" in toot("timelines", "home", "--no-pager"))
    assert "Seen at" in toot("timelines", "tag", "plovers", "--no-pager")
    assert "Seen at" in toot("timelines", "list", "Close", "--no-pager")
    toot("tags", "unfollow", "plovers")
    toot("lists", "delete", "Close")
    toot("unfollow", "ann")
    ann.status_delete(post)


def test_notifications_and_search(toot: Toot, ann: Mastodon) -> None:
    post = ann.status_post("Hello @cy")
    until(lambda: "Hello" in toot("notifications", "--type", "mention"))
    toot("notifications", "--clear")
    assert json.loads(toot("notifications", "--json")) == []
    assert re.search(r"@ann\b", toot("search", "ann", "--type", "accounts"))
    ann.status_delete(post)

"""Priority classes, the hour's budget, groups and policies: pure rules over simulated streams."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest

from node.notifications.fallbacks import fallback_of
from node.notifications.grouping import ABOUT_A_POST, ALONE, GROUPED, group_key_of, grouped_kinds, id_in, shown_key
from node.notifications.mail_rules import (
    account_in,
    has_room,
    is_genuine,
    is_wanted,
    kinds_of,
    told_kinds,
    unsubscribe_token,
)
from node.notifications.policies import FREE, NEW_ACCOUNT, NEW_FOLLOWER, RULES, Policy, Sender, Verdict, decide
from node.notifications.priorities import Budget, Priority, priority_of, spend
from node.notifications.rules import KINDS, Kind

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=400)


def stream(events: list[tuple[float, Priority]], *, limit: int) -> dict[Priority, int]:
    """Return how many of each class are told when they come at these seconds."""
    budget: Budget | None = None
    told: dict[Priority, int] = dict.fromkeys(Priority, 0)
    for second, priority in sorted(events, key=lambda event: event[0]):
        budget, allowed = spend(budget, priority, limit=limit, now=NOW + timedelta(seconds=second))
        told[priority] += allowed
    return told


def test_the_classes() -> None:
    assert {priority_of(kind, follows_sender=False) for kind in KINDS} == set(Priority)
    assert priority_of("mention", follows_sender=True) > priority_of("mention", follows_sender=False)
    assert priority_of("mention", follows_sender=False) > priority_of("follow", follows_sender=True)
    assert priority_of("follow", follows_sender=False) > priority_of("favourite", follows_sender=True)


def test_fifty_thousand_likes_in_a_minute_are_not_fifty_thousand_rings() -> None:
    likes = [(number * 60 / 50_000, Priority.LIKE) for number in range(50_000)]
    words = [(number, Priority.REPLY) for number in range(60)] + [(30.5, Priority.MENTION)]
    followers = [(59.0, Priority.FOLLOW)] * 50
    told = stream([*likes, *words, *followers], limit=400)
    assert told[Priority.LIKE] == 300
    assert (told[Priority.REPLY], told[Priority.MENTION], told[Priority.FOLLOW]) == (60, 1, 50)


def test_words_come_through_whatever_was_used_up_and_use_up_nothing() -> None:
    told = stream([(number, Priority.REPLY) for number in range(1_000)] + [(1_001, Priority.LIKE)] * 10, limit=8)
    assert (told[Priority.REPLY], told[Priority.LIKE]) == (1_000, 6)


def test_the_next_hour_is_a_new_one() -> None:
    told = stream([(number, Priority.FOLLOW) for number in range(7_200)], limit=10)
    assert told[Priority.FOLLOW] == 20


def test_a_clock_that_went_back_locks_nobody_out() -> None:
    ahead = Budget(NOW + timedelta(hours=5), 1_000)
    assert spend(ahead, Priority.LIKE, limit=10, now=NOW) == (Budget(NOW, 1), True)


def test_groups() -> None:
    """One kind, one post, one half day; and each that is no group is one of its own."""
    for kind in KINDS:
        key = group_key_of(kind, 7, NOW)
        assert bool(key) == (kind in GROUPED)
        assert len(key) <= 100
        assert key == group_key_of(kind, 7, NOW + timedelta(hours=11, minutes=59))
        if kind in GROUPED:
            assert key != group_key_of(kind, 7, NOW + timedelta(hours=12))
            assert (key == group_key_of(kind, 8, NOW)) == (kind in ALONE)
    assert len({group_key_of(kind, 7, NOW) for kind in GROUPED}) == len(GROUPED)
    assert ABOUT_A_POST.isdisjoint(ALONE)
    assert (shown_key("", 5), shown_key("follow-1", 5)) == ("ungrouped-5", "follow-1")
    assert (id_in("ungrouped-5"), id_in("follow-1")) == ("5", None)
    assert grouped_kinds([]) == GROUPED
    assert grouped_kinds(["favourite", "mention"]) == {"favourite"}


STRANGER = Sender(created_at=OLD)


@pytest.mark.parametrize("verdict", ["accept", "filter", "drop"])
@pytest.mark.parametrize("name", RULES)
def test_each_rule_of_a_policy_is_about_its_people_alone(name: str, verdict: Verdict) -> None:
    nothing: dict[str, Verdict] = dict.fromkeys(RULES, "accept")
    policy = Policy(**{**nothing, name: verdict})
    familiar = Sender(created_at=OLD, followed=True, follower_since=OLD)
    about = {
        "for_not_following": Sender(created_at=OLD, follower_since=OLD),
        "for_not_followers": Sender(created_at=OLD, followed=True, follower_since=NOW - NEW_FOLLOWER / 2),
        "for_new_accounts": Sender(created_at=NOW - NEW_ACCOUNT / 2, follower_since=OLD),
        "for_private_mentions": Sender(created_at=OLD, follower_since=OLD, speaks_privately=True),
        "for_limited_accounts": Sender(created_at=OLD, follower_since=OLD, limited=True),
    }
    assert decide(policy, familiar, "mention", now=NOW) == "accept"
    assert decide(policy, about[name], "mention", now=NOW) == verdict
    for other, sender in about.items():
        if other != name and name != "for_not_following":
            assert decide(policy, sender, "mention", now=NOW) == "accept", other


def test_the_strictest_rule_decides_and_some_are_never_held_back() -> None:
    for verdicts in product(["accept", "filter", "drop"], repeat=2):
        policy = Policy(for_not_following=verdicts[0], for_not_followers=verdicts[1])  # type: ignore[arg-type]
        strictest = max(verdicts, key=["accept", "filter", "drop"].index)
        assert decide(policy, STRANGER, "favourite", now=NOW) == strictest
    strict = Policy(**dict.fromkeys(RULES, "drop"))
    for kind in get_args(Kind):
        assert decide(strict, STRANGER, kind, now=NOW) == ("accept" if kind in FREE else "drop")
    assert decide(strict, Sender(created_at=NOW, permitted=True), "mention", now=NOW) == "accept"
    assert decide(strict, Sender(created_at=NOW, is_staff=True), "mention", now=NOW) == "accept"
    assert decide(Policy(), Sender(created_at=OLD, suspect=True), "mention", now=NOW) == "filter"


def test_letters() -> None:
    assert kinds_of(["poll", "mention", "admin.report", "nonsense"]) == ["mention", "poll"]
    assert is_wanted("reaction", ["favourite"])
    assert not is_wanted("reaction", ["mention"])
    assert told_kinds(["favourite"]) == ["favourite", "reaction"]
    today = NOW.date()
    assert has_room(None, 0, today=today, limit=1)
    assert not has_room(today, 1, today=today, limit=1)
    assert has_room(today - timedelta(days=1), 9, today=today, limit=1)
    assert not has_room(None, 0, today=today, limit=0)
    token = unsubscribe_token(7, "secret")
    assert account_in(token) == 7
    assert is_genuine(token, 7, "secret")
    for wrong in ("", "7-", token[:-1], token.replace("7-", "8-", 1), f"{token}é"):
        assert not is_genuine(wrong, account_in(wrong) or 7, "secret")
    assert not is_genuine(token, 7, "other")


def test_words_for_apps_that_do_not_know_a_type() -> None:
    """client-api 34. They are HTML: a name is none."""
    sender = {"display_name": "<b>Bo</b>", "acct": "bo"}
    assert fallback_of("quote", sender)["title"] == "&lt;b&gt;Bo&lt;/b&gt; quoted your post"
    assert fallback_of("favourite", {"display_name": "", "acct": "bo"}, others=1)["title"] == (
        "@bo and 1 other liked your post"
    )
    for kind in KINDS:
        assert fallback_of(kind, sender)["title"]

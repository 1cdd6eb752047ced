"""Who may quote, like, answer and boost by an author's wish (OBJ-16)."""

import pytest

from federation.vocabulary import PUBLIC
from node.posts.consent_rules import Relation, allowance, policy_word, policy_words, quote_policy
from node.posts.quote_rendering import approval_view, without_fallback

BO = "https://b.example/users/bo"
NOBODY, FOLLOWER = Relation(uri=BO), Relation(uri=BO, follows_author=True)


@pytest.mark.parametrize(
    ("automatic", "manual", "relation", "expected"),
    [
        (["public"], [], NOBODY, "automatic"),
        ([], ["public"], NOBODY, "manual"),
        ([], [], NOBODY, "denied"),
        ([], [], Relation(is_author=True), "automatic"),
        (["followers"], [], NOBODY, "denied"),
        (["followers"], [], FOLLOWER, "proven"),
        (["followers"], ["public"], FOLLOWER, "proven"),
        (["followers"], ["public"], NOBODY, "manual"),
        (["public"], ["followers"], FOLLOWER, "manual"),
        (["public"], ["followers"], NOBODY, "automatic"),
        (["public", "followers"], [], FOLLOWER, "automatic"),
        (["following"], [], Relation(followed_by_author=True), "proven"),
        ([BO], ["public"], NOBODY, "automatic"),
        (["public"], [BO], NOBODY, "manual"),
        (["https://c.example/users/cy"], [], NOBODY, "denied"),
    ],
)
def test_obj_16_the_more_specific_wins(
    automatic: list[str], manual: list[str], relation: Relation, expected: str
) -> None:
    assert allowance({"automatic": automatic, "manual": manual}, "like", relation) == expected


def test_obj_16_nothing_said_allows_and_who_is_mentioned_may_answer() -> None:
    closed: dict[str, list[str]] = {"automatic": [], "manual": []}
    assert allowance(None, "announce", NOBODY) == "automatic"
    assert allowance(closed, "reply", Relation(uri=BO, is_mentioned=True)) == "automatic"
    assert allowance(closed, "announce", Relation(uri=BO, is_mentioned=True)) == "denied"


def test_obj_16_groups_become_words() -> None:
    read = {"like": {"automatic": [PUBLIC, "https://a/f", "https://a", BO], "manual": ["https://a/g"]}}
    assert policy_words(read, author_uri="https://a", followers_url="https://a/f", following_url="https://a/g") == {
        "like": {"automatic": ["public", "followers", BO], "manual": ["following"]}
    }


@pytest.mark.parametrize("visibility", ["followers", "direct"])
def test_aud_4_what_is_not_open_is_nobodys_to_quote(visibility: str) -> None:
    policy = {"quote": {"automatic": ["public"], "manual": []}}
    assert quote_policy(policy, visibility=visibility, is_local=True) == {"automatic": [], "manual": []}


def test_a_remote_post_that_says_nothing_may_be_asked_for() -> None:
    assert quote_policy({}, visibility="public", is_local=False) == {"automatic": [], "manual": ["public"]}
    assert policy_word({}, visibility="public") == "public"


def test_a_policy_beyond_words_is_unknown() -> None:
    policy = {"quote": {"automatic": ["following"], "manual": []}}
    view = approval_view(policy, visibility="public", is_local=False, is_author=False, relation=NOBODY)
    assert view == {"automatic": ["unsupported_policy"], "manual": [], "current_user": "unknown"}


LINK = ("https://b.example/notes/9", "https://b.example/@bo/9")


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ('<p>Hi</p><p class="quote-inline">RE: <a href="https://x">x</a></p>', "<p>Hi</p>"),
        ('<p class="quote-inline">RE: <a href="https://x">x</a></p><p>Hi</p>', "<p>Hi</p>"),
        (f'<p>Hi<br><br>RE: <a href="{LINK[0]}">9</a></p>', "<p>Hi</p>"),
        (f'<p>Hi<span class="quote-inline"><br><br>RE: <a href="{LINK[1]}">9</a></span></p>', "<p>Hi</p>"),
        (f'<p>RE: <a href="{LINK[0]}">9</a></p>', ""),
        ('<p>Hi<br>RE: <a href="https://other.example/">9</a></p>', None),
        (f'<p>See <a href="{LINK[0]}">9</a></p>', None),
    ],
)
def test_obj_12_the_line_that_stands_for_a_quote_goes(content: str, left: str | None) -> None:
    assert without_fallback(content, LINK) == (content if left is None else left)


def test_obj_12_hostile_white_space_costs_nothing() -> None:
    content = "<p>" + " " * 200_000 + "RE: " + '<p class="x' * 2_000
    assert without_fallback(content, LINK) == content

"""The query language: what is read, what is refused and where; and that nothing typed trips it (attack row 105)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.ids import time_of
from node.search.language import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse
from node.search.operators import HELP, OPERATORS
from node.search.planning import MAX_TOKENS, make_plan
from node.search.tree import (
    AllOf,
    AnyOf,
    AtLeast,
    Between,
    But,
    By,
    In,
    Marked,
    Node,
    Phrase,
    Prefix,
    SearchProblem,
    Tagged,
    Word,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def read(text: str) -> Node | None:
    return parse(text, now=NOW)


def shape(node: Node | None) -> str:
    """Return a tree on one line, to compare."""
    match node:
        case None:
            return ""
        case Word(text=text):
            return text
        case Prefix(text=text):
            return f"{text}*"
        case Phrase(text=text):
            return f"<{text}>"
        case AllOf(parts=parts):
            return "(" + " & ".join(map(shape, parts)) + ")"
        case AnyOf(parts=parts):
            return "(" + " | ".join(map(shape, parts)) + ")"
        case But(part=part):
            return f"!{shape(part)}"
        case By(relation=relation, handle=handle):
            return f"{relation}={handle}"
        case Tagged(name=name):
            return f"#={name}"
        case Marked(name=name, value=value):
            return f"{name}:{value}"
        case In(scope=scope):
            return f"in={scope}"
        case AtLeast(what=what, number=number):
            return f"{what}>={number}"
        case Between(since_id=since, until_id=until):
            return f"[{_day(since)}..{_day(until)}]"
    raise AssertionError(node)


def _day(id_: int | None) -> str:
    return "" if id_ is None else time_of(id_).strftime("%Y-%m-%dT%H").removesuffix("T00")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", ""),
        ("   \t\n\u200b ", ""),
        ("cats", "cats"),
        ("cats dogs", "(cats & dogs)"),
        ("cats AND dogs", "(cats & dogs)"),
        ("cats OR dogs", "(cats | dogs)"),
        ("cats | dogs birds", "((cats | dogs) & birds)"),
        ("a b OR c d", "(a & (b | c) & d)"),
        ("OR OR a OR OR b OR", "(a | b)"),
        ("or and not", "(or & and & not)"),
        ("-dog cat", "(!dog & cat)"),
        ("cat NOT dog", "(cat & !dog)"),
        ("cat --dog", "(cat & dog)"),
        ("cat -(dog bird)", "(cat & !(dog & bird))"),
        ('cat -"big dog"', "(cat & !<big dog>)"),
        ('"grumpy cat"', "<grumpy cat>"),
        ("“grumpy cat” «le chat»", "(<grumpy cat> & <le chat>)"),
        ('"never closed', "<never closed>"),
        ('"" cat', "cat"),
        ("(a (b OR c", "(a & (b | c))"),
        ("a) b", "(a) & b)"),
        ("() a", "a"),
        ("(tea OR coffee) cake", "((tea | coffee) & cake)"),
        ("gard*", "gard*"),
        ("* ** a", "(* & ** & a)"),
        (":( hi :-) ;)", "(:( & hi & :-) & ;))"),
        ("well-known a - b", "(well-known & a & - & b)"),
        ("foo:bar https://a.test/x?y=1", "(foo:bar & https://a.test/x?y=1)"),
        ("from:", "from:"),
        ("from:ann", "from=ann"),
        ("FROM:@Ann@Example.com x", "(from=Ann@Example.com & x)"),
        ('from:"@ann"', "from=ann"),
        ("to:me", "to=me"),
        ("mentions:bob", "to=bob"),
        ("-from:me cats", "(!from=me & cats)"),
        ("tag:Cats hashtag:#Dogs", "(#=cats & #=dogs)"),
        ("has:image has:pictures -has:poll", "(has:image & has:image & !has:poll)"),
        ("has:quote is:quote", "(is:quote & is:quote)"),
        ("is:reply is:boost is:local", "(is:reply & boosts>=1 & is:local)"),
        ("lang:pt-BR language:DE", "(lang:pt & lang:de)"),
        ("in:library cats", "(in=library & cats)"),
        ("min_likes:10 min_boosts:0 min_replies:3", "(likes>=10 & boosts>=0 & replies>=3)"),
        ("since:2026-01-31", "[2026-01-31..]"),
        ("after:2026-01-31", "[2026-02-01..]"),
        ("until:2026-01-31", "[..2026-02-01]"),
        ("before:2026-01-31", "[..2026-01-31]"),
        ("during:2026-02", "[2026-02-01..2026-03-01]"),
        ("during:2025-12", "[2025-12-01..2026-01-01]"),
        ("since:2024-02-29", "[2024-02-29..]"),
        ("since:2025", "[2025-01-01..]"),
        ("since:today", "[2026-11-21..]"),
        ("during:yesterday", "[2026-11-20..2026-11-21]"),
        ("since:7d", "[2026-11-14T12..]"),
        ("since:2h", "[2026-11-21T10..]"),
    ],
)
def test_what_is_read(text: str, tree: str) -> None:
    assert shape(read(text)) == tree


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("cats since:soon", 11, "date"),
        ("since:2026-13-01", 6, "no such day"),
        ("since:2025-02-29", 6, "no such day"),
        ("until:0000-01-01", 6, "no such day"),
        ("since:9999y", 6, "no such day"),
        ("has:cats", 4, "has:"),
        ("is:nice", 3, "is:"),
        ("lang:english!", 5, "lang:"),
        ("in:space", 3, "in:"),
        ("min_likes:many", 10, "number"),
        ("min_likes:-3", 10, "number"),
        ("min_likes:" + "9" * 40, 10, "number"),
        ("min_likes:٣", 10, "number"),
        ('from:"a b"', 5, "from:"),
        ("tag:#", 4, "hashtag"),
        ("-cats", 0, "not only what to leave out"),
        ("-cats -(dogs birds)", 0, "not only what to leave out"),
        ("a* b* c* d* ee*", 12, "at the same time"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "too long"),
        ("a " * (MAX_TERMS + 1), 2 * MAX_TERMS, "at once"),
        ("(" * (MAX_DEPTH + 1) + "a", MAX_DEPTH, "deep"),
    ],
)
def test_what_is_refused_and_where(text: str, place: int, word: str) -> None:
    with pytest.raises(SearchProblem) as caught:
        read(text)
    assert caught.value.place == place
    assert word in caught.value.message


@pytest.mark.parametrize("text", ["cats -in:library", "cats OR in:public", "cats (dogs in:all)"])
def test_where_to_look_is_said_once_at_the_top(text: str) -> None:
    tree = read(text)
    if text != "cats (dogs in:all)":
        assert tree is not None
    with pytest.raises(SearchProblem):
        make_plan(tree, names={}, languages=("en",))  # type: ignore[arg-type]


def test_row_105_a_beginning_of_one_letter_is_refused() -> None:
    tree = read("a* OR b* OR c*")
    assert tree is not None
    with pytest.raises(SearchProblem) as caught:
        make_plan(tree, names={}, languages=("en",))
    assert "letters" in caught.value.message


def test_row_105_a_query_of_many_tokens_is_refused() -> None:
    tree = read("字" * MAX_LENGTH)
    assert tree is not None
    assert MAX_TOKENS < MAX_LENGTH
    with pytest.raises(SearchProblem):
        make_plan(tree, names={}, languages=("en",))


def test_every_operator_is_told_of() -> None:
    told = " ".join(line.example + line.meaning for line in HELP)
    for name in OPERATORS:
        if name not in {"by", "mentions", "language", "min_faves", "min_reblogs", "hashtag"}:
            assert name in told, name


PIECES = st.sampled_from(
    ["(", ")", "-", '"', "*", "OR", "NOT", "AND", " ", "from:", "since:", "2026-01-01", "has:image", "in:all", "a",
     "字", "#tag", "@bob", "min_likes:", "3", "~", "|", ":", "\u200b", "ß", "😀", "«"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map("".join)))
def test_row_105_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    """Row 105: no input raises anything but a problem that says where it is."""
    problem = None
    try:
        tree = read(text)
        if tree is not None:
            make_plan(tree, names={"bob": 1}, languages=("en", "de"))
    except SearchProblem as caught:
        problem = caught
    if problem is not None:
        assert problem.message.endswith(".")
        assert 0 <= problem.place <= len(text)

"""Typed requests: client-api behaviours 1 to 3, 6, 7 by way of shapes."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from node.base.errors import BadRequest, Invalid
from node.http.parameters import Parameters, parse_pairs
from node.http.requests import Identifier, Request, read_request


class Alerts(Request, frozen=True, kw_only=True):
    mention: bool | None = None


class Field(Request, frozen=True, kw_only=True):
    name: str = ""


class Shape(Request, frozen=True, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=5)]
    choice: Literal["list", "none"] = "list"
    exclusive: bool | None = None
    account_id: Identifier | None = None
    id: list[Identifier] = []
    words: Annotated[list[str], Meta(max_length=2)] = []
    at: datetime | None = None
    share: float | None = None
    count: Annotated[int, Meta(ge=1, le=9)] | None = None
    alerts: Alerts | None = None
    fields: list[Field] = []


def read(**tree: object) -> Shape:
    return read_request(Parameters({"title": "t", **tree}), Shape)


def test_brackets_make_the_same_shape_as_json() -> None:
    pairs = [
        ("title", "t"),
        ("id[]", "1"),
        ("id[]", "x"),
        ("id[]", "1"),
        ("alerts[mention]", "off"),
        ("fields[0][name]", "a"),
        ("fields[1][name]", "b"),
    ]
    by_form = read_request(Parameters(parse_pairs(pairs)), Shape)
    by_json = read(id=["1", "x", 1], alerts={"mention": False}, fields=[{"name": "a"}, {"name": "b"}])
    assert by_form == by_json
    assert by_form.id == [1]
    assert by_form.alerts == Alerts(mention=False)
    assert [field.name for field in by_form.fields] == ["a", "b"]


def test_absent_null_and_empty_leave_the_default() -> None:
    assert read(exclusive="", account_id="", count="", at="", share=None) == read()


def test_scalars_are_read_as_what_they_are_asked_for() -> None:
    found = read(
        exclusive="f", account_id="12", count="3", at="2027-01-31T13:00:00+01:00", share="0.5", words="one", unknown="x"
    )
    assert found.exclusive is False
    assert (found.account_id, found.count, found.share, found.words) == (12, 3, 0.5, ["one"])
    assert found.at == datetime(2027, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"title": None}, "Validation failed: Title can't be blank"),
        ({"title": ""}, "Validation failed: Title can't be blank"),
        ({"title": "abcdef"}, "Validation failed: Title must be at most 5 characters"),
        ({"count": 10}, "Validation failed: Count must be at most 9"),
        ({"words": ["a", "b", "c"]}, "Validation failed: Words must be at most 2 entries"),
        ({"choice": "x"}, "Validation failed: Choice is not included in the list: it must be one of list, none"),
    ],
)
def test_out_of_bounds_is_invalid_and_names_the_field(tree: dict[str, object], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(**tree)
    assert refused.value.message == words


@pytest.mark.parametrize(
    "tree",
    [{"account_id": "ann"}, {"count": "many"}, {"at": "soon"}, {"share": "half"}, {"alerts": "yes"}, {"title": []}],
)
def test_what_cannot_be_meant_is_a_bad_request(tree: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        read(**tree)

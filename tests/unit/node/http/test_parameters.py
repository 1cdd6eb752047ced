"""Parameters arrive in every form apps send them in (client-api behaviours 1 to 3, 6; attack rows 29 and 30)."""

from collections.abc import Callable
from typing import Any

import pytest
from quart import Quart

from node.base.errors import BadRequest
from node.base.ids import MAX_ID
from node.http import problems, routing
from node.http.json_provider import OrjsonProvider
from node.http.parameters import Parameters, parameters, parse_pairs

Ask = Callable[[Parameters], Any]


@pytest.fixture
def echo() -> Any:
    """An application that answers what `ask` finds in the parameters."""
    app = Quart("echo")
    app.json = OrjsonProvider(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    routing.install(app)
    problems.install(app)
    asks: list[Ask] = []

    @app.route("/api/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def handler() -> dict[str, Any]:
        return {"found": asks[-1](await parameters())}

    async def send(ask: Ask, method: str = "POST", query: str = "", **request: Any) -> Any:
        asks.append(ask)
        response = await app.test_client().open("/api/echo" + query, method=method, **request)
        body = await response.get_json()
        return body["found"] if response.status_code == 200 else (response.status_code, body["error"])

    return send


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_query_is_read_for_every_method(echo: Any, method: str) -> None:
    assert await echo(lambda p: p.text("a"), method, "?a=1") == "1"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_json_and_form_are_read_for_every_method(echo: Any, method: str) -> None:
    assert await echo(lambda p: p.identifiers("id"), method, json={"id": [3, "1", 3]}) == [3, 1]
    assert await echo(lambda p: p.identifiers("id"), method, form={"id[]": "7"}) == [7]


async def test_sources_are_merged_and_the_query_wins(echo: Any) -> None:
    ask: Ask = lambda p: [p.text("a"), p.text("b")]  # noqa: E731
    assert await echo(ask, query="?a=query", json={"a": "body", "b": "body"}) == ["query", "body"]


async def test_brackets_and_json_give_the_same_tree(echo: Any) -> None:
    def fields(found: Parameters) -> Any:
        entries = found.items("fields_attributes")
        return entries and [[entry.text("name"), entry.text("value")] for entry in entries]

    expected = [["a", "1"], ["b", "2"]]
    pairs = {"fields_attributes[1][name]": "b", "fields_attributes[1][value]": "2"}
    pairs |= {"fields_attributes[0][name]": "a", "fields_attributes[0][value]": "1"}
    assert await echo(fields, form=pairs) == expected
    as_index = {"fields_attributes": {"0": {"name": "a", "value": "1"}, "1": {"name": "b", "value": "2"}}}
    assert await echo(fields, json=as_index) == expected
    assert await echo(fields, json={"fields_attributes": list(as_index["fields_attributes"].values())}) == expected
    rails = "?fields_attributes[][name]=a&fields_attributes[][value]=1"
    rails += "&fields_attributes[][name]=b&fields_attributes[][value]=2"
    assert await echo(fields, query=rails) == expected
    assert await echo(fields, json={}) is None


async def test_nested_names(echo: Any) -> None:
    ask: Ask = lambda p: p.nested("data").nested("alerts").flag("mention")  # noqa: E731
    assert await echo(ask, query="?data[alerts][mention]=true") is True
    assert await echo(ask, json={"data": {"alerts": {"mention": False}}}) is False
    assert await echo(ask, json={}) is None


async def test_a_scalar_serves_as_a_list(echo: Any) -> None:
    assert await echo(lambda p: p.texts("types"), query="?types=mention") == ["mention"]
    assert await echo(lambda p: p.texts("types"), json={"types": "mention"}) == ["mention"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        *((word, False) for word in ("0", "f", "F", "false", "FALSE", "off", "OFF", 0, False)),
        *((word, True) for word in ("1", "true", "on", "yes", 1, True)),
        *((word, None) for word in ("", None)),
    ],
)
def test_booleans(sent: Any, read: bool | None) -> None:
    assert Parameters({"a": sent}).flag("a") is read


@pytest.mark.parametrize("name", ["limit", "max_id"])
@pytest.mark.parametrize("sent", ["x", "1.5", "1_0", "١", "1e9", "0x1", [1], {"a": 1}])
def test_numbers_that_are_none_are_refused(name: str, sent: Any) -> None:
    found = Parameters({name: sent})
    with pytest.raises(BadRequest):
        found.whole(name) if name == "limit" else found.identifier(name)


def test_huge_numbers_are_clamped() -> None:
    found = Parameters({"a": "9" * 400, "b": "-" + "9" * 400})
    assert found.whole("a") == MAX_ID
    assert found.whole("b") == -MAX_ID
    assert found.identifier("a") == MAX_ID


def test_ids_that_are_none_are_left_out_of_lists() -> None:
    assert Parameters({"id": ["1", "x", None, "-4", "2"]}).identifiers("id") == [1, 2]


async def test_nul_is_dropped_and_surrogates_are_refused(echo: Any) -> None:
    assert await echo(lambda p: p.text("a"), json={"a": "x\x00y"}) == "xy"
    body = rb'{"a":"\ud800"}'
    status, _ = await echo(lambda p: p.text("a"), data=body, headers={"Content-Type": "application/json"})
    assert status == 400


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"x"', b"\xff\xfe", b"7", b"[" * 3000, b'{"a":' * 900 + b"1" + b"}" * 900]
)
async def test_a_body_that_is_no_object_is_refused(echo: Any, body: bytes) -> None:
    status, message = await echo(lambda p: p.text("a"), data=body, headers={"Content-Type": "application/json"})
    assert status == 400
    assert message


@pytest.mark.parametrize("body", [b"", b"null", b"  "])
async def test_an_empty_json_body_is_no_parameters(echo: Any, body: bytes) -> None:
    assert await echo(lambda p: p.text("a"), data=body, headers={"Content-Type": "application/json"}) is None


@pytest.mark.parametrize("body", [b"a=%ff%fe", b"\xff\xff", b"&&==&", b"a[b=1", b"[a]=1", b"a[]b]=1"])
async def test_odd_forms_are_harmless(echo: Any, body: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await echo(lambda p: p.text("zzz"), data=body, headers=form) is None


@pytest.mark.parametrize(
    "header", ["multipart/form-data", "multipart/form-data; boundary=\xff", "multipart/form-data; boundary=x"]
)
async def test_broken_multipart_is_harmless(echo: Any, header: str) -> None:
    assert await echo(lambda p: p.text("a"), data=b"--y\r\nnonsense", headers={"Content-Type": header}) is None


def test_too_many_and_too_deep_are_refused() -> None:
    with pytest.raises(BadRequest):
        parse_pairs((f"a{n}", "1") for n in range(3000))
    with pytest.raises(BadRequest):
        parse_pairs([("a" + "[b]" * 50, "1")])


def test_contradicting_names_do_no_harm() -> None:
    assert parse_pairs([("a", "1"), ("a[b]", "2")]) == {"a": {"b": "2"}}
    assert parse_pairs([("a[b]", "1"), ("a[]", "2")]) == {"a": ["2"]}
    assert parse_pairs([("a[]", "1"), ("a", "2")]) == {"a": "2"}


def test_pairs_repeat_what_was_sent() -> None:
    tree = parse_pairs([("types[]", "a"), ("types[]", "b"), ("s[x]", "1"), ("local", "true")])
    assert list(Parameters(tree).pairs()) == [("types[]", "a"), ("types[]", "b"), ("s[x]", "1"), ("local", "true")]

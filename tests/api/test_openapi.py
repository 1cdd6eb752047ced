"""The contract itself: every route says what it takes and answers, and the document made of it is a good one."""

import inspect

import httpx
from openapi_spec_validator import validate

from admin.serve import build_app
from node.http.route_table import routes_for_apps
from tests.api.shapes import links
from tests.support.nodes import Node, Person

STREAMS = "/api/v1/streaming/"


async def test_every_route_says_what_it_answers_and_takes(node: Node) -> None:
    routes = routes_for_apps(build_app(node.runtime))
    assert len(routes) > 200
    for route in routes:
        assert route.guard is not None, route.path
        if route.path.startswith(STREAMS):
            continue
        assert route.words, route.path
        assert route.answers, f"{route.method} {route.path} does not say what it answers"
        source = inspect.getsource(inspect.unwrap(route.handler))
        assert "await parameters()" not in source, route.path


async def test_the_document_is_a_good_one(node: Node) -> None:
    answer = await node.http.get("/api/openapi.json")
    document = answer.json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    again = await node.http.get("/api/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_document_names_every_route_with_its_scopes(node: Node) -> None:
    document = (await node.http.get("/api/openapi.json")).json()
    home = document["paths"]["/api/v1/timelines/home"]["get"]
    assert home["security"] == [{"token": ["read:statuses"]}]
    assert {parameter["name"] for parameter in home["parameters"]} == {"limit", "max_id", "since_id", "min_id"}
    assert home["responses"]["200"]["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Status"},
    }
    public = document["paths"]["/api/v1/timelines/public"]["get"]
    assert {} in public["security"]
    create = document["paths"]["/api/v1/lists"]["post"]
    assert "multipart/form-data" in create["requestBody"]["content"]
    assert create["summary"]
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(set(operations))


async def test_people_may_read_it_too(node: Node) -> None:
    """A page that lists the calls, without a script."""
    transport = httpx.ASGITransport(app=build_app(node.runtime))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=node.url, trust_env=False) as http:
        page = await http.get("/api", headers={"Accept": "text/html"})
    assert page.status_code == 200
    for words in ("GET /api/v1/timelines/home", "read:statuses", "/api/openapi.json"):
        assert words in page.text


async def test_errors_have_one_form_everywhere(node: Node, ann: Person) -> None:
    """Behaviours 15 and 17: an unknown path, a wrong method, a broken body; each with the headers for browsers."""
    who = {"Authorization": f"Bearer {ann.token}"}
    broken = {**who, "Content-Type": "application/json"}
    for expected, answer in (
        (404, await node.http.get("/api/v1/no/such/thing")),
        (404, await node.http.get("/api/v9/instance", headers={"Accept": "text/html"})),
        (405, await node.http.patch("/api/v1/timelines/home", headers=who)),
        (400, await node.http.post("/api/v1/statuses", headers=broken, content=b"{")),
        (400, await node.http.post("/api/v1/statuses", headers=broken, content=b"[1]")),
        (401, await node.http.get("/api/v1/timelines/home")),
        (422, await node.http.post("/api/v1/statuses", headers=who)),
    ):
        assert answer.status_code == expected
        assert isinstance(answer.json()["error"], str)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "X-RateLimit-Reset" in answer.headers["access-control-expose-headers"]
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    head = await node.http.head("/api/v2/instance")
    assert (head.status_code, head.content) == (200, b"")
    await ann.post("one")
    await ann.post("two")
    page = await node.http.get("/api/v1/timelines/home?limit=1", headers=who)
    assert set(links(page.headers["link"])) == {"next", "prev"}

"""Errors become responses in one place: JSON for machines, pages for people, and never a word too much."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, Response

from node.base.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from node.http import bodies, problems, routing
from node.http.json_provider import OrjsonProvider

SECRET = "the password is swordfish"


def make_app(error: Exception | None = None) -> Quart:
    app = Quart("problems")
    app.json = OrjsonProvider(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    routing.install(app)
    bodies.install(app, sizes=bodies.UploadSizes(1000, 9000), spool=lambda: Path(tempfile.gettempdir()))
    problems.install(app)

    async def fail() -> dict[str, Any]:
        if error is not None:
            raise error
        return {}

    app.add_url_rule("/api/fail", view_func=fail, methods=["GET", "POST"])
    app.add_url_rule("/page", view_func=fail, endpoint="page")
    app.add_url_rule("/api/things/<id:thing_id>", view_func=lambda thing_id: {"id": thing_id}, endpoint="thing")
    return app


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest(), 400),
        (NotSignedIn(), 401),
        (Forbidden(), 403),
        (NotFound(), 404),
        (Conflict(), 409),
        (Gone(), 410),
        (TooLarge(), 413),
        (Invalid("Text can't be blank"), 422),
        (TooManyRequests(retry_after=7.2), 429),
        (Unavailable(), 503),
    ],
)
async def test_each_error_has_its_status(error: Any, status: int) -> None:
    response = await make_app(error).test_client().get("/api/fail")
    assert response.status_code == status
    assert await response.get_json() == {"error": error.message}
    assert response.headers["Content-Type"].startswith("application/json")
    assert ("Retry-After" in response.headers) == (status in (429, 503))


async def test_a_surprise_is_a_500_that_says_nothing() -> None:
    response = await make_app(RuntimeError(SECRET)).test_client().get("/api/fail")
    assert response.status_code == 500
    text = await response.get_data(as_text=True)
    assert SECRET not in text
    assert "error" in await response.get_json()


async def test_the_cause_is_not_shown() -> None:
    error = Invalid("Nice words")
    error.__cause__ = RuntimeError(SECRET)
    assert SECRET not in await (await make_app(error).test_client().get("/api/fail")).get_data(as_text=True)


async def test_unknown_paths_and_methods_answer_json() -> None:
    client = make_app().test_client()
    for path in (
        "/api/v1/lists",
        "/api/",
        "/.well-known/nothing",
        "/api/things/abc",
        "/api/things/99999999999999999999",
    ):
        response = await client.get(path)
        assert response.status_code == 404, path
        assert await response.get_json() == {"error": "Record not found"}
    response = await client.delete("/api/fail")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "error" in await response.get_json()


async def test_a_trailing_slash_is_no_redirect() -> None:
    """client-api behaviour 5."""
    client = make_app().test_client()
    assert (await client.get("/api/fail/")).status_code == 200
    assert (await client.post("/api/fail/")).status_code == 200
    assert (await client.get("/api/things/5/")).status_code == 200
    assert (await client.get("/api//fail")).status_code == 404


async def test_people_see_a_page() -> None:
    app = make_app(NotFound())

    async def page(status: int, message: str) -> str:
        return f"<h1>{status} {message}</h1>"

    problems.register_html(app, page)
    client = app.test_client()
    response = await client.get("/page", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "<h1>404" in await response.get_data(as_text=True)
    assert response.headers["Content-Type"].startswith("text/html")
    for path, accept in (("/page", "application/activity+json"), ("/api/fail", "text/html")):
        response = await client.get(path, headers={"Accept": accept})
        assert "error" in await response.get_json()


async def test_an_error_page_that_fails_still_answers() -> None:
    app = make_app(NotFound())

    async def page(status: int, message: str) -> Response:
        raise RuntimeError("no template")

    problems.register_html(app, page)
    response = await app.test_client().get("/page", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert await response.get_json() == {"error": "Record not found"}


@pytest.mark.parametrize(("size", "status"), [(1_000_000, 400), (1_000_001, 413)])
async def test_the_cap_on_bodies(size: int, status: int) -> None:
    """Attack row 31: with an honest length, and with none."""
    app = make_app()

    async def take() -> dict[str, Any]:
        from node.http.parameters import parameters

        await parameters()
        return {}

    app.add_url_rule("/api/take", view_func=take, methods=["POST"])
    response = await app.test_client().post("/api/take", data=b"x" * size, headers={"Content-Type": "application/json"})
    assert response.status_code == status


@pytest.mark.parametrize(
    ("path", "content_type", "cap"),
    [
        ("/api/v2/media", "multipart/form-data; boundary=x", 1_095_000),
        ("/api/v2/media", "application/json", 1_000_000),
        ("/api/v1/accounts/update_credentials", "multipart/form-data", 1_010_000),
        ("/api/v1/statuses", "multipart/form-data", 1_000_000),
        ("/users/1/inbox", "multipart/form-data", 1_048_576),
        ("/inbox", "application/activity+json", 1_048_576),
        ("/settings/profile", "multipart/form-data", 1_020_000),
        ("/web/posts", "multipart/form-data", 1_110_000),
    ],
)
def test_caps_by_path(path: str, content_type: str, cap: int) -> None:
    assert bodies.largest_body(path, content_type, bodies.UploadSizes(5_000, 90_000)) == cap

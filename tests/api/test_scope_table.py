"""One table of scopes over all routes and streams: the code beside what Mastodon documents (client-api 26, row 90)."""

import pytest

from admin.serve import build_app
from node.auth.rules import SCOPES, Principal, scope_allows
from node.base.errors import Forbidden
from node.base.runtime import Runtime
from node.http.principals import NO_PERSON, OUT_OF_SCOPE, Guard, check_guard
from node.stream.channels import GUARDS, channel_of
from node.stream.server_sent import PATHS
from tests.api.expected_scopes import expected
from tests.support.route_table import Route, routes


@pytest.fixture
def table(runtime: Runtime) -> list[Route]:
    return sorted(routes(build_app(runtime)), key=lambda route: (route.path, route.method))


def asked_by(guard: Guard) -> str:
    """Return what a guard asks for in the words of the table."""
    if not guard.scopes:
        return "token" if guard.required else "open"
    kind = [] if guard.required and guard.person else ["app"] if guard.required else ["?"]
    return " ".join(sorted([*guard.scopes, *kind]))


def test_every_route_asks_for_what_is_documented(table: list[Route]) -> None:
    """A route that is missing here has to be written down in tests/api/expected_scopes.py, by hand."""
    wanted = expected()
    wrong = {
        f"{route.method} {route.path}": (asked_by(route.guard), wanted.get(route.key))
        for route in table
        if route.path.startswith("/api/") and wanted.get(route.key) != asked_by(route.guard)
    }
    assert not wrong, "route: (what the code asks for, what the table says)"


def test_the_table_names_scopes_that_there_are(table: list[Route]) -> None:
    for asked in expected().values():
        assert set(asked.split()) - {"?", "app", "open", "token"} <= SCOPES, asked
    assert len(table) > 200


def test_put_and_patch_are_synonyms(table: list[Route]) -> None:
    """client-api 4, where the documentation has a PATCH or a client sends one."""
    put = {route.path for route in table if route.method == "PUT"}
    patch = {route.path for route in table if route.method == "PATCH"}
    assert patch <= put
    assert {path for path in put - patch if "/reactions/" not in path} == set()


def test_row_90_no_other_scope_opens_a_route(table: list[Route]) -> None:
    """Each scope there is, alone and with all others that do not reach, on each route and stream."""
    for guard in {route.guard for route in table if route.guard.scopes} | set(GUARDS.values()):
        reaching = {scope for scope in SCOPES if any(scope_allows({scope}, wanted) for wanted in guard.scopes)}
        for scope in SCOPES:
            principal = Principal(token_id=1, account_id=2, scopes=frozenset({scope}), role="admin")
            if scope in reaching:
                check_guard(principal, guard)
            else:
                with pytest.raises(Forbidden, match=OUT_OF_SCOPE):
                    check_guard(principal, guard)
        rest = Principal(token_id=1, account_id=2, scopes=SCOPES - reaching, role="admin")
        with pytest.raises(Forbidden, match=OUT_OF_SCOPE):
            check_guard(rest, guard)
        if guard.person:
            with pytest.raises(Forbidden, match=NO_PERSON):
                check_guard(Principal(token_id=1, account_id=None, scopes=SCOPES), guard)


def test_row_90_streams_stand_in_the_same_table(table: list[Route]) -> None:
    """Each channel's path carries the channel's own guard, and a socket asks that guard too."""
    by_path = {route.path.removeprefix("/api/v1/streaming/"): route.guard for route in table}
    assert {path: by_path[path] for path in PATHS} == {path: GUARDS[name] for path, name in PATHS.items()}
    assert set(PATHS.values()) == set(GUARDS)
    for name, guard in GUARDS.items():
        reaching = {scope for scope in SCOPES if any(scope_allows({scope}, wanted) for wanted in guard.scopes)}
        with pytest.raises(Forbidden, match=OUT_OF_SCOPE):
            channel_of(name, tag="cats", scopes=SCOPES - reaching)


def test_row_91_scopes_of_staff_are_for_staff(table: list[Route]) -> None:
    for guard in {route.guard for route in table if route.guard.is_for_staff}:
        with pytest.raises(Forbidden):
            check_guard(Principal(token_id=1, account_id=2, scopes=SCOPES, role="user"), guard)
    assert all(route.guard.is_for_staff for route in table if "/admin/" in route.path)

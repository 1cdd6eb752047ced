"""The API described for programs: an OpenAPI 3.1 document, made from the routes themselves and served.

What a route takes, answers and asks for stands beside it (`node/http/requests`, `node/http/principals`); nothing is
said twice here. The document is made once and kept, since routes do not change while the program runs.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec
import orjson
from quart import Blueprint, Response, current_app, request
from quart.datastructures import FileStorage

from node.api.entities.errors import Error
from node.auth.rules import SCOPES
from node.base.runtime import VERSION
from node.base.settings import Settings
from node.http.context import runtime
from node.http.limits import costs
from node.http.principals import open_to_all
from node.http.requests import answers
from node.http.route_table import Argument, Route, routes_for_apps

BODIES: Final = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
LIMIT_HEADERS: Final = {
    "X-RateLimit-Limit": ("integer", "How many calls the limit nearest to exhaustion allows"),
    "X-RateLimit-Remaining": ("integer", "How many of them are left"),
    "X-RateLimit-Reset": ("string", "When all of them are there again"),
}
REFUSALS: Final = {
    "400": "The request cannot be understood",
    "401": "The access token is missing or invalid",
    "403": "The token's scopes do not cover this, or the person may not",
    "404": "Nothing is there, or nothing that the viewer may see",
    "422": "A value breaks a rule",
    "429": "Too many requests",
    "500": "Something went wrong on the server",
}
_KEY: Final = "rookery.openapi"
_REFERENCE: Final = "#/components/schemas/{name}"

blueprint = Blueprint("api_openapi", __name__)


@blueprint.get("/api/openapi.json")
@costs(0)
@open_to_all
@answers(dict[str, Any])
async def document() -> Response:
    """Return this description of the API."""
    kept: tuple[bytes, str] | None = current_app.extensions.get(_KEY)
    if kept is None:
        body = orjson.dumps(describe(routes_for_apps(current_app), runtime().settings))
        kept = current_app.extensions[_KEY] = body, hashlib.sha256(body).hexdigest()[:32]
    body, tag = kept
    headers = {"Cache-Control": "public, max-age=3600", "ETag": f'"{tag}"'}
    if tag in request.if_none_match:
        return Response(b"", status=304, headers=headers)
    return Response(body, content_type="application/json; charset=utf-8", headers=headers)


def describe(routes: Iterable[Route], settings: Settings) -> dict[str, Any]:
    """Return the document of these routes."""
    routes = list(routes)
    shapes = [type_ for route in routes for type_ in (*_answer_types(route), *([route.takes] if route.takes else []))]
    unique = list({repr(type_): type_ for type_ in [Error, *shapes]}.values())
    described, components = msgspec.json.schema_components(unique, schema_hook=_special, ref_template=_REFERENCE)
    schemas = {repr(type_): schema for type_, schema in zip(unique, described, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{settings.site_name}: the API",
            "version": VERSION,
            "description": "Parameters may come in the query, as a form, as multipart or as JSON, for every method.",
        },
        "servers": [{"url": settings.public_url}],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": {
                name: {"description": words, "schema": {"type": kind}} for name, (kind, words) in LIMIT_HEADERS.items()
            },
            "responses": {code: _refusal(code, schemas) for code in REFUSALS},
            "securitySchemes": {
                "token": {
                    "type": "oauth2",
                    "flows": {
                        "authorizationCode": {
                            "authorizationUrl": f"{settings.public_url}/oauth/authorize",
                            "tokenUrl": f"{settings.public_url}/oauth/token",
                            "scopes": dict.fromkeys(sorted(SCOPES), ""),
                        },
                        "clientCredentials": {
                            "tokenUrl": f"{settings.public_url}/oauth/token",
                            "scopes": dict.fromkeys(sorted(SCOPES), ""),
                        },
                    },
                }
            },
        },
    }


def _answer_types(route: Route) -> Iterator[Any]:
    for type_ in route.answers.values():
        yield from _alternatives(type_)


def _alternatives(type_: Any) -> tuple[Any, ...]:
    return get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,)


def _special(type_: type) -> dict[str, Any]:
    if issubclass(type_, FileStorage):
        return {"type": "string", "contentMediaType": "application/octet-stream"}
    raise NotImplementedError


def _operation(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = route.words.partition("\n")
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [route.path.removeprefix("/").split("/")[-1 if route.path.count("/") < 3 else 2]],
        "summary": summary,
        "responses": {
            **{str(status): _answer(type_, schemas) for status, type_ in sorted(route.answers.items())},
            **{code: {"$ref": f"#/components/responses/{code}"} for code in _refusals_of(route)},
        },
        "security": _security(route),
    }
    if not route.answers:
        content = {"text/event-stream": {"schema": {"type": "string"}}}
        operation["responses"]["200"] = {"description": "Events as they happen", "content": content}
    if description.strip():
        operation["description"] = " ".join(description.split())
    parameters = [_path_parameter(argument) for argument in route.arguments]
    if route.takes is not None:
        shape = components[schemas[repr(route.takes)]["$ref"].rpartition("/")[2]]
        if route.method in WITH_BODY:
            operation["requestBody"] = {
                "content": {kind: {"schema": schemas[repr(route.takes)]} for kind in _body_kinds(shape, components)},
                "required": bool(shape.get("required")),
            }
        else:
            parameters += [
                _query_parameter(name, schema, name in shape.get("required", ()))
                for name, schema in shape.get("properties", {}).items()
            ]
    if route.method != "GET" and route.path.startswith("/api/"):
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key within an hour gives the first answer again",
                "schema": {"type": "string", "maxLength": 255},
            }
        )
    if parameters:
        operation["parameters"] = parameters
    return operation


def _operation_id(route: Route) -> str:
    words = re.sub(r"\W+", "_", route.path.replace("{", "by_").removeprefix("/")).strip("_")
    return f"{route.method.lower()}_{words}"


def _path_parameter(argument: Argument) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if argument.is_id:
        schema["pattern"] = "^[0-9]{1,19}$"
    elif argument.choices:
        schema["enum"] = list(argument.choices)
    return {"name": argument.name, "in": "path", "required": True, "schema": schema}


def _query_parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    kinds = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    found: dict[str, Any] = {"name": f"{name}[]" if "array" in kinds else name, "in": "query", "schema": schema}
    if required:
        found["required"] = True
    return found


def _body_kinds(shape: dict[str, Any], components: dict[str, Any]) -> tuple[str, ...]:
    """Return how a body may be packed: one with files as multipart only, though without them any way will do."""
    needs_file = any("contentMediaType" in shape["properties"].get(name, {}) for name in shape.get("required", ()))
    return BODIES[2:] if needs_file else BODIES


def _answer(type_: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    found = [schemas[repr(each)] for each in _alternatives(type_)]
    schema = found[0] if len(found) == 1 else {"anyOf": found}
    return {
        "description": "The answer",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in LIMIT_HEADERS},
        "content": {"application/json": {"schema": schema}},
    }


def _refusals_of(route: Route) -> list[str]:
    found = ["400", "429", "500"]
    if route.guard is not None and (route.guard.required or route.guard.scopes):
        found += ["401", "403"]
    if route.arguments:
        found.append("404")
    if route.takes is not None:
        found.append("422")
    return sorted(found)


def _refusal(code: str, schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": REFUSALS[code],
        "content": {"application/json": {"schema": schemas[repr(Error)]}},
    }
    if code == "429":
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in LIMIT_HEADERS}
        seconds = {"description": "Seconds to wait", "schema": {"type": "integer"}}
        found["headers"] = headers | {"Retry-After": seconds}
    return found


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return what lets somebody in: a token with any one of the scopes, or nothing where nothing is asked."""
    guard = route.guard
    if guard is None:
        return []
    found: list[dict[str, list[str]]] = [{"token": [scope]} for scope in guard.scopes]
    if guard.required and not guard.scopes:
        found = [{"token": []}]
    return found if guard.required else [*found, {}]

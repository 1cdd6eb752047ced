"""Letting an app in: the page on which people read what it wants and agree, or do not (client-api 26, row 94).

An app on the web that was let in before, and asks for no more than it holds, goes through at once: its address says
who it is. An app of this device always asks again, since another one may have taken its scheme (RFC 8252, 8.6); what
it may do more than until now is marked. `prompt=consent` asks in any case, `prompt=login` and `force_login` for the
password too, `prompt=none` for nothing: then nothing happens where something has to be asked.

The request of the app stays in the address, for the page and for its form alike, so both read it the same way and
`state` goes back untouched. Whoever is signed out signs in first and comes back. `lang` is accepted; the pages are
English.
"""

from collections.abc import Sequence
from typing import cast
from urllib.parse import quote, urlsplit

from quart import Blueprint, Response, redirect, request

from node.auth.codes import Consent, issue_code, read_consent
from node.auth.grant_rules import OUT_OF_BAND, answer_address
from node.auth.queries import list_granted_scopes
from node.auth.rules import scopes_within
from node.base.errors import GrantRefused
from node.http.context import runtime
from node.http.headers import FORMS_LEAD_AWAY
from node.web.forms import read_form
from node.web.scope_words import permissions
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, anybody, signed_in

PLACE = "/oauth/authorize"
REFUSED = "This app cannot be let in"

blueprint = Blueprint("web_authorising", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@anybody
async def ask(visitor: Visitor | None) -> Answer:
    """Show who asks for what, after sign-in, maybe as somebody else; or send on whom there is nothing to ask."""
    prompt = set(request.args.get("prompt", "").split())
    force = request.args.get("force_login", "").lower() in ("true", "1") or prompt & {"login", "select_account"}
    if (visitor is None or force) and "none" not in prompt:
        return _to_sign_in(again=visitor is not None, ask="consent" in prompt)
    try:
        if visitor is None:
            raise GrantRefused("login_required", "Nobody is signed in here, and the app wants nobody asked.")
        node = runtime()
        async with node.read() as reader:
            consent = await read_consent(reader, _asked())
            held = await list_granted_scopes(reader, consent.app.id, visitor.account_id)
        is_known = _is_on_the_web(consent.redirect_uri) and bool(held) and scopes_within(consent.scopes, held)
        if "none" in prompt and not is_known:
            raise GrantRefused("interaction_required", "You have to be asked, and the app wants nobody asked.")
    except GrantRefused as refusal:
        return await _refused(visitor, refusal)
    if is_known and "consent" not in prompt:
        return await _let_in(visitor, consent)
    page = await show(
        "pages/authorise.html",
        visitor,
        app=consent.app,
        permissions=permissions(consent.scopes, held=held),
        known=bool(held),
        destination=_destination(consent.redirect_uri),
        action=f"{PLACE}?{_query()}",
        another=f"{PLACE}?{_query()}&force_login=true",
    )
    return _sealed(page)


@blueprint.post(PLACE)
@signed_in
async def decide(visitor: Visitor) -> Answer:
    """Send the app its code, or word that it is not let in."""
    form = await read_form()
    node = runtime()
    try:
        async with node.read() as reader:
            consent = await read_consent(reader, _asked())
    except GrantRefused as refusal:
        return await _refused(visitor, refusal)
    if not form.is_set("allow"):
        refusal_words = [("error", "access_denied"), ("error_description", "The person did not let the app in.")]
        return await _answer(visitor, consent, refusal_words)
    return await _let_in(visitor, consent)


async def _let_in(visitor: Visitor, consent: Consent) -> Response:
    node = runtime()
    async with node.write() as uow:
        code = await issue_code(uow, visitor.account_id, consent, now=node.now())
    return await _answer(visitor, consent, [("code", code)])


def _is_on_the_web(redirect_uri: str) -> bool:
    return redirect_uri.lower().startswith("https://")


async def _answer(visitor: Visitor, consent: Consent, words: Sequence[tuple[str, str]]) -> Response:
    """Bring `words` to the app: by redirect, by a form of ours, or to be copied by hand."""
    answer = [*words, *([("state", consent.state)] if consent.state is not None else [])]
    if consent.redirect_uri == OUT_OF_BAND:
        code = dict(words).get("code")
        if code is None:
            tell(f"{consent.app.name} was not let in.", "info")
            return cast(Response, redirect("/home", 303))
        return _sealed(await show("pages/authorise_code.html", visitor, app=consent.app, code=code))
    if consent.response_mode == "form_post":
        page = await show(
            "pages/authorise_done.html", visitor, app=consent.app, address=consent.redirect_uri, answer=answer
        )
        return _sealed(page)
    address = answer_address(consent.redirect_uri, answer, response_mode=consent.response_mode)
    # The Location as it is: the framework's own redirect would tidy up addresses such as `app://`.
    return Response("", status=303, headers={"Location": address, "Cache-Control": "no-store"})


def _asked() -> dict[str, str]:
    """Return the request's parameters; one that came twice could be read in two ways. Raises GrantRefused."""
    asked = {name: values for name, values in request.args.lists() if name}
    if any(len(values) > 1 for values in asked.values()):
        raise GrantRefused("invalid_request", "The app says something twice.")
    return {name: values[0] for name, values in asked.items()}


def _query() -> str:
    """Return the query as it came, letter by letter, without what was for the sign-in alone."""
    parts = request.query_string.decode("latin-1").split("&")
    return "&".join(part for part in parts if part and not part.startswith(("force_login=", "prompt=")))


def _to_sign_in(*, again: bool, ask: bool) -> Response:
    wanted = quote(f"{PLACE}?{_query()}{'&prompt=consent' if ask else ''}", safe="/")
    return cast(Response, redirect(f"/auth/sign_in?return_to={wanted}{'&again=1' if again else ''}", 303))


def _destination(redirect_uri: str) -> str:
    """Return where the browser goes afterwards, in words: a host, or "" for an app on this device."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme.lower() in ("http", "https") else ""


async def _refused(visitor: Visitor | None, refusal: GrantRefused) -> Response:
    return await show(
        "pages/error.html",
        visitor,
        status=refusal.status,
        code=refusal.status,
        heading=REFUSED,
        advice=refusal.message,
        reference=None,
    )


def _sealed(page: Response) -> Response:
    """Let nothing keep the page, and its form lead back to the app (client-api 27)."""
    page.headers["Cache-Control"] = "no-store"
    page.headers["Content-Security-Policy"] = FORMS_LEAD_AWAY.decode()
    return page

"""How the viewer's new posts begin: for whom, in which language, hidden or not, and who may quote them."""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.auth.queries import get_user
from node.auth.service import update_preferences
from node.base.errors import Invalid
from node.http.context import runtime
from node.posts.views import VISIBILITY_FROM_WORD, VISIBILITY_WORDS
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, signed_in

PLACE = "/settings/posting"

blueprint = Blueprint("web_posting_settings", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show the defaults."""
    return await _page(visitor)


async def _page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    async with runtime().read() as reader:
        user = await get_user(reader, visitor.account_id)
    return await show(
        "pages/settings_posting.html",
        visitor,
        status=status,
        visibility=VISIBILITY_WORDS[user.default_visibility],
        sensitive=user.default_sensitive,
        language=user.default_language or "",
        quote_policy=user.default_quote_policy,
        **context,
    )


@blueprint.post(PLACE)
@signed_in
async def change(visitor: Visitor) -> Answer:
    """Change them."""
    form = await read_form()
    try:
        async with runtime().write() as uow:
            await update_preferences(
                uow,
                visitor.account_id,
                default_visibility=VISIBILITY_FROM_WORD.get(form.line("visibility"), "public"),
                default_sensitive=form.is_set("sensitive"),
                default_language=form.line("language"),
                default_quote_policy=form.line("quote_policy") or None,
            )
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem), form=form.typed())
    tell("Saved.")
    return cast(Response, redirect(PLACE, 303))

"""The viewer's own account: who am I, and the profile form, sent as multipart, form or JSON."""

from typing import Any

from quart import Blueprint

from node.accounts.profile import ProfileChange
from node.accounts.queries import find_moved_to, get_account
from node.accounts.service import update_profile
from node.accounts.views import credential_account_view
from node.auth.queries import get_user
from node.auth.service import update_preferences
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.follows.queries import count_follow_requests
from node.http.context import runtime
from node.http.parameters import Parameters, parameters
from node.http.principals import Viewer, needs
from node.media.service import store_avatar, store_header
from node.posts.views import VISIBILITY_FROM_WORD

blueprint = Blueprint("api_credentials", __name__, url_prefix="/api/v1/accounts")


@blueprint.get("/verify_credentials")
@needs("profile", "read:accounts")
async def verify(viewer: Viewer) -> dict[str, Any]:
    """Return the viewer's account with its `source` and `role`."""
    node = runtime()
    async with node.read() as reader:
        return await _credential_account(node, reader, viewer)


@blueprint.patch("/update_credentials")
@blueprint.put("/update_credentials")
@needs("write:accounts")
async def change(viewer: Viewer) -> dict[str, Any]:
    """Change the profile and the defaults of new posts; what is not sent stays as it is."""
    sent = await parameters()
    node = runtime()
    source = sent.nested("source")
    privacy = source.text("privacy")
    if privacy and privacy not in VISIBILITY_FROM_WORD:
        raise Invalid("Validation failed: privacy is not one of public, unlisted, private, direct")
    change_ = ProfileChange(
        display_name=sent.text("display_name"),
        note=sent.text("note"),
        fields=_fields(sent),
        locked=sent.flag("locked"),
        bot=sent.flag("bot"),
        discoverable=sent.flag("discoverable"),
        indexable=sent.flag("indexable"),
        hide_collections=sent.flag("hide_collections"),
        avatar_key=await _picture(node, viewer, sent, "avatar"),
        header_key=await _picture(node, viewer, sent, "header"),
    )
    async with node.write() as uow:
        await update_profile(uow, node.settings, viewer.account_id, change_)
        await update_preferences(
            uow,
            viewer.account_id,
            default_visibility=VISIBILITY_FROM_WORD[privacy] if privacy else None,
            default_sensitive=source.flag("sensitive"),
            default_language=source.text("language"),
            default_quote_policy=source.text("quote_policy") or None,
        )
        return await _credential_account(node, uow, viewer)


async def _credential_account(node: Runtime, reader: Reader, viewer: Viewer) -> dict[str, Any]:
    account = await get_account(reader, viewer.account_id)
    return credential_account_view(
        account,
        await get_user(reader, viewer.account_id),
        settings=node.settings,
        follow_requests_count=await count_follow_requests(reader, viewer.account_id),
        moved_to=await find_moved_to(reader, account),
    )


def _fields(sent: Parameters) -> list[tuple[str, str]] | None:
    entries = sent.items("fields_attributes")
    if entries is None:
        return None
    return [(entry.text("name") or "", entry.text("value") or "") for entry in entries]


async def _picture(node: Runtime, viewer: Viewer, sent: Parameters, name: str) -> str | None:
    """Return the key of an uploaded picture, "" to remove the one there is, None to leave it."""
    file = sent.file(name)
    if file is not None:
        store = store_avatar if name == "avatar" else store_header
        return await store(node, viewer.account_id, file.read())
    return "" if name in sent and not sent.text(name) else None

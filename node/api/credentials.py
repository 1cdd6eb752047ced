"""The viewer's own account: who am I, and the profile form, sent as multipart, form or JSON, under both its paths."""

from collections.abc import Awaitable, Callable
from typing import Any

from quart import Blueprint

from node.accounts.profile import ProfileChange
from node.accounts.queries import find_moved_to, get_account
from node.accounts.service import update_profile
from node.accounts.views import credential_account_view, profile_view
from node.api.entities.accounts import CredentialAccount, Profile
from node.api.entities.statuses import Visibility
from node.api.featured_tags import featured_tag_view
from node.auth.queries import get_user
from node.auth.service import update_preferences
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.follows.queries import count_follow_requests
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import Request, Upload, answers, takes
from node.media.service import store_avatar, store_header
from node.posts.featured_queries import list_featured_tags
from node.posts.views import VISIBILITY_FROM_WORD

blueprint = Blueprint("api_credentials", __name__, url_prefix="/api/v1")
credentials = Blueprint("accounts", __name__, url_prefix="/accounts")
profile = Blueprint("profile", __name__, url_prefix="/profile")


class NewField(Request, frozen=True, kw_only=True):
    """A line of the profile."""

    name: str = ""
    value: str = ""


class NewDefaults(Request, frozen=True, kw_only=True):
    """The defaults of new posts."""

    privacy: Visibility | None = None
    sensitive: bool | None = None
    language: str | None = None
    quote_policy: str | None = None


class NewProfile(Request, frozen=True, kw_only=True):
    """What is to change of the profile; an empty picture takes away the one there is."""

    display_name: str | None = None
    note: str | None = None
    fields_attributes: list[NewField] | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    avatar: Upload | None = None
    header: Upload | None = None
    avatar_description: str | None = None
    header_description: str | None = None
    attribution_domains: list[str] | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    source: NewDefaults | None = None


@credentials.get("/verify_credentials")
@needs("profile", "read:accounts")
@answers(CredentialAccount)
async def verify(viewer: Viewer) -> dict[str, Any]:
    """Return the viewer's account with its `source` and `role`."""
    node = runtime()
    async with node.read() as reader:
        return await _credential_account(node, reader, viewer)


@credentials.patch("/update_credentials")
@credentials.put("/update_credentials")
@needs("write:accounts")
@takes(NewProfile)
@answers(CredentialAccount)
async def change(viewer: Viewer, asked: NewProfile) -> dict[str, Any]:
    """Change the profile and the defaults of new posts; what is not sent stays as it is."""
    await _change(viewer, asked)
    node = runtime()
    async with node.read() as reader:
        return await _credential_account(node, reader, viewer)


@profile.get("")
@needs("profile", "read:accounts")
@answers(Profile)
async def show_profile(viewer: Viewer) -> dict[str, Any]:
    """Return the viewer's profile as they wrote it."""
    return await _profile(viewer)


@profile.patch("")
@profile.put("")
@needs("write:accounts")
@takes(NewProfile)
@answers(Profile)
async def change_profile(viewer: Viewer, asked: NewProfile) -> dict[str, Any]:
    """Change the profile; what is not sent stays as it is."""
    await _change(viewer, asked)
    return await _profile(viewer)


@profile.delete("/<any(avatar, header):which>")
@needs("write:accounts")
@answers(CredentialAccount)
async def remove_picture(viewer: Viewer, which: str) -> dict[str, Any]:
    """Take a picture away, with its description."""
    gone = (
        ProfileChange(avatar_key="", avatar_description="")
        if which == "avatar"
        else ProfileChange(header_key="", header_description="")
    )
    node = runtime()
    async with node.write() as uow:
        await update_profile(uow, node.settings, viewer.account_id, gone)
        return await _credential_account(node, uow, viewer)


async def _profile(viewer: Viewer) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, viewer.account_id)
        tags = await list_featured_tags(reader, viewer.account_id)
    return profile_view(
        account,
        settings=node.settings,
        featured_tags=[featured_tag_view(entry, settings=node.settings) for entry in tags],
    )


async def _change(viewer: Viewer, asked: NewProfile) -> None:
    node = runtime()
    source = asked.source or NewDefaults()
    fields = asked.fields_attributes
    change_ = ProfileChange(
        display_name=asked.display_name,
        note=asked.note,
        fields=None if fields is None else [(field.name, field.value) for field in fields],
        locked=asked.locked,
        bot=asked.bot,
        discoverable=asked.discoverable,
        indexable=asked.indexable,
        hide_collections=asked.hide_collections,
        avatar_key=await _picture(node, viewer, asked.avatar, store_avatar),
        header_key=await _picture(node, viewer, asked.header, store_header),
        avatar_description=asked.avatar_description,
        header_description=asked.header_description,
        attribution_domains=asked.attribution_domains,
        show_media=asked.show_media,
        show_media_replies=asked.show_media_replies,
        show_featured=asked.show_featured,
    )
    async with node.write() as uow:
        await update_profile(uow, node.settings, viewer.account_id, change_)
        await update_preferences(
            uow,
            viewer.account_id,
            default_visibility=VISIBILITY_FROM_WORD[source.privacy] if source.privacy else None,
            default_sensitive=source.sensitive,
            default_language=source.language,
            default_quote_policy=source.quote_policy or None,
        )


async def _credential_account(node: Runtime, reader: Reader, viewer: Viewer) -> dict[str, Any]:
    account = await get_account(reader, viewer.account_id)
    return credential_account_view(
        account,
        await get_user(reader, viewer.account_id),
        settings=node.settings,
        follow_requests_count=await count_follow_requests(reader, viewer.account_id),
        moved_to=await find_moved_to(reader, account),
    )


async def _picture(
    node: Runtime, viewer: Viewer, file: Upload | None, store: Callable[[Runtime, int, bytes], Awaitable[str]]
) -> str | None:
    """Return the key of an uploaded picture, "" to remove the one there is, None to leave it."""
    if file is None:
        return None
    return await store(node, viewer.account_id, file.read()) if file else ""


blueprint.register_blueprint(credentials)
blueprint.register_blueprint(profile)

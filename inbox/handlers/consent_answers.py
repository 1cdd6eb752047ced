"""What Accept and Reject say to a request of ours: for a quote (OBJ-13), a like, a reply or a boost (OBJ-16).

Only the author of the post that was asked about may answer, and a stamp has to be at home where they are.
"""

from dataclasses import dataclass

from federation.consent import REQUEST_TYPES, parse_stamp
from federation.documents import first_id, object_of, type_of
from federation.errors import MalformedDocument
from federation.origins import is_http_uri, same_origin
from inbox.context import Context
from inbox.outcomes import Ignored, Refused
from node.accounts.models import Account
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.posts.answers import grant, refuse
from node.posts.consent_models import InteractionRequest
from node.posts.consent_queries import find_request_by_id, find_request_by_uri, list_requests_about
from node.posts.models import Post
from node.posts.queries import find_post


@dataclass(frozen=True, slots=True)
class Answered:
    """A request of ours that its addressee answered; `stamp_uri` is set by an Accept."""

    request_id: int
    stamp_uri: str


async def find_answered(context: Context, actor: Account, *, accepted: bool) -> Answered | None:
    """Return which request of ours is answered; None when it is about something else. Raises Refused."""
    async with context.runtime.read() as reader:
        request = await _find_meant(reader, context)
        target = await find_post(reader, request.post_id) if request is not None and request.post_id else None
    if request is None or target is None:
        return None
    if target.account_id != actor.id:
        raise Refused("not_the_author", "only the author of a post may answer for it")
    return Answered(request.id, _stamp(context, actor, request, target) if accepted else "")


async def receive_answer(uow: UnitOfWork, context: Context, answered: Answered, *, accepted: bool) -> None:
    """Let it take effect, or take it back."""
    request = await find_request_by_id(uow, answered.request_id)
    if request is None:
        raise Ignored("request_withdrawn", "it was withdrawn meanwhile")
    if accepted:
        await grant(uow, request, stamp_uri=answered.stamp_uri, now=context.now)
    else:
        await refuse(uow, request, now=context.now)


async def _find_meant(reader: Reader, context: Context) -> InteractionRequest | None:
    """Find the request by its id, by what it asks for, or, from older servers, by the like, reply or boost itself."""
    inner = object_of(context.activity.object)
    found = await find_request_by_uri(reader, context.activity.object_id or "")
    if found is None:
        kind = None if inner is None else REQUEST_TYPES.get(type_of(inner, REQUEST_TYPES) or "")
        about = first_id(inner.get("instrument")) if inner is not None and kind else context.activity.object_id
        requests = await list_requests_about(reader, about or "")
        found = next((row for row in requests if row.kind == kind or (kind is None and row.kind != "quote")), None)
    if found is None or inner is None:
        return found
    target = await find_post(reader, found.post_id) if found.post_id else None
    claimed = {"instrument": found.subject_uri, "object": target.uri if target is not None else ""}
    for key, uri in claimed.items() if type_of(inner, REQUEST_TYPES) else ():
        if first_id(inner.get(key)) not in (None, uri):
            raise Refused("other_request", "it is not what was asked")
    return found


def _stamp(context: Context, actor: Account, request: InteractionRequest, target: Post) -> str:
    result = context.activity.raw.get("result")
    uri = first_id(result)
    if uri is None:
        if request.kind == "quote":
            raise Refused("no_stamp", "an Accept of a quote without its stamp")
        return context.activity.id or ""  # GoToSocial before 0.20: the Accept itself is the proof
    if not is_http_uri(uri) or not same_origin(uri, actor.uri):
        raise Refused("foreign_stamp", f"{uri[:200]} is not at home at its author's server")
    document = object_of(result)
    if document is not None and len(document) > 1:
        try:
            stamp = parse_stamp(document)
        except MalformedDocument as error:
            raise Refused("wrong_stamp", error.detail) from error
        said = (stamp.kind, stamp.author, stamp.interacting, stamp.target)
        if said != (request.kind, actor.uri, request.subject_uri, target.uri):
            raise Refused("wrong_stamp", "the stamp is for something else")
    return uri

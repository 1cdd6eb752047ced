"""Why does it work, or not, between this node and another server? Every step of it in order, each with its verdict.

`inspect` is the service: a target in (`@name@domain`, an address, a domain), a `Report` out, ready for the terminal,
for JSON and for a page. It asks the other server what any delivery or search would ask, through the same client, and
stores nothing of the answers. A step whose ground is missing is skipped and says so; nothing is sent to a blocked
domain (row 47).
"""

from dataclasses import replace

from admin.inspection.identity import find_by_webfinger, judge_keys, read_actor, read_nodeinfo
from admin.inspection.inquiry import Finding, Inquiry, Report, Stage, Step, printable
from admin.inspection.ourselves import compare_keys, find_person, outside_client
from admin.inspection.reach import compare_clocks, connect, judge_addresses, look_up_name
from admin.inspection.signing import judge_theirs, try_ours, try_own_door
from admin.inspection.standing import judge_delivery, judge_policy, judge_post, list_exchanges
from federation.errors import FederationError, MalformedDocument
from federation.handshake import shake_hands
from federation.origins import Handle, Origin, normalise_domain, parse_handle, parse_origin
from node.base.runtime import Runtime
from node.moderation.queries import is_suspended_domain

THEIRS = (
    Stage("policy", "Policy", judge_policy),
    Stage("dns", "Name", look_up_name, ("policy",)),
    Stage("address", "Address", judge_addresses, ("dns",)),
    Stage("connection", "Connection", connect, ("address",)),
    Stage("clock", "Clock", compare_clocks, ("connection",)),
    Stage("webfinger", "WebFinger", find_by_webfinger, ("connection",)),
    Stage("nodeinfo", "Software", read_nodeinfo, ("connection",)),
    Stage("actor", "Document", read_actor, ("connection",)),
    Stage("key", "Keys", judge_keys, ("actor",)),
    Stage("our_signature", "Our signature", try_ours, ("connection",)),
    Stage("post", "Post", judge_post, ("actor",)),
    Stage("their_signature", "Their signature", judge_theirs),
    Stage("delivery", "Deliveries", judge_delivery),
    Stage("exchanges", "Last exchanges", list_exchanges),
)
OURS = (
    Stage("person", "Person", find_person),
    Stage("dns", "Name", look_up_name, ("person",)),
    Stage("address", "Address", judge_addresses, ("dns",)),
    Stage("connection", "Connection", connect, ("address",)),
    Stage("clock", "Clock", compare_clocks, ("connection",)),
    Stage("webfinger", "WebFinger", find_by_webfinger, ("connection",)),
    Stage("nodeinfo", "Software", read_nodeinfo, ("connection",)),
    Stage("actor", "Document", read_actor, ("connection",)),
    Stage("key", "Keys", compare_keys, ("actor",)),
    Stage("host_header", "Host that arrives", try_own_door, ("connection",)),
)


async def inspect(runtime: Runtime, target: str, *, knock: bool = True) -> Report:
    """Inspect everything between this node and `target`; `knock` allows a harmless post to the other's inbox."""
    try:
        inquiry = await _begin(runtime, target, knock=knock)
    except (MalformedDocument, FederationError) as error:
        advice = "Give a handle (@ann@example.com), an address (https://example.com/@ann) or a domain (example.com)."
        wrong = Step("spelling", "Spelling", "problem", printable(error.detail), advice)
        return Report(printable(target), printable(target), (wrong,))
    subject = str(inquiry.handle or inquiry.url or inquiry.host)
    steps = [Step("spelling", "Spelling", "ok", printable(_read_as(inquiry)))]
    try:
        for stage in OURS if inquiry.is_own else THEIRS:
            found = await _look(stage, inquiry, steps)
            if found.verdict not in {"problem", "skipped"}:
                inquiry.passed.add(stage.name)
            steps.append(_step(stage, found))
    finally:
        if inquiry.client is not runtime.http:
            await inquiry.client.aclose()
    return Report(
        printable(target), printable(subject), tuple(step for step in steps if step.name != "post" or inquiry.is_post)
    )


async def _look(stage: Stage, inquiry: Inquiry, steps: list[Step]) -> Finding:
    missing = next((name for name in stage.needs if name not in inquiry.passed), None)
    if missing is not None:
        cause = next(step for step in steps if step.name == missing)
        return Finding("skipped", f"cannot work before this is well: {cause.title}")
    try:
        return await stage.look(inquiry)
    except FederationError as error:  # a foreign server's surprise is a finding, not a crash
        return Finding("problem", f"{error.detail} ({error.reason})")


def _step(stage: Stage, found: Finding) -> Step:
    """Name a finding. What others wrote is in it: no control character of theirs reaches a terminal (row 74)."""
    lines = tuple(map(printable, found.lines))
    return Step(stage.name, stage.title, found.verdict, printable(found.seen), printable(found.advice), lines)


async def _begin(runtime: Runtime, target: str, *, knock: bool) -> Inquiry:
    """Read the target. Raises MalformedDocument."""
    text, now = target.strip(), runtime.now()
    settings = runtime.settings
    if "://" in text:
        origin = parse_origin(text)
        own = origin.host_port in settings.local_domains
        inquiry = Inquiry(runtime, runtime.http, target, origin, now, url=text, knock=knock, is_own=own)
        if own:
            name = text.partition("/@")[2].partition("/")[0]
            inquiry = replace(inquiry, url="", handle=Handle(name, settings.domain) if name else None)
    else:
        handle = parse_handle(text) if "@" in text else None
        if handle is not None and handle.domain is None:
            handle = Handle(handle.username, settings.domain)
        domain = (handle.domain if handle is not None else None) or normalise_domain(text)
        own = domain in settings.local_domains
        origin = parse_origin(settings.public_url) if own else await _door(runtime, domain)
        inquiry = Inquiry(runtime, runtime.http, target, origin, now, handle=handle, knock=knock, is_own=own)
    if inquiry.is_own:
        inquiry.origin = parse_origin(settings.public_url)
        inquiry.client = outside_client(runtime)
    return inquiry


async def _door(runtime: Runtime, domain: str) -> Origin:
    """Return where a domain answers: https, but plain http in the insecure networks where nobody speaks TLS."""
    origin = parse_origin(await runtime.http.base_url_for(domain))
    async with runtime.read() as reader:
        is_blocked = await is_suspended_domain(reader, domain, settings=runtime.settings)
    if origin.scheme == "https" or is_blocked:
        return origin
    try:
        done = await shake_hands(
            runtime.http.egress, origin.host, origin.port, context=runtime.http.tls_context(), now=runtime.now()
        )
    except FederationError:
        return origin
    speaks_tls = not {"no_tls", "no_connection", "timeout", "tls_failed"} & set(done.faults)
    return parse_origin(f"https://{domain}") if speaks_tls else origin


def _read_as(inquiry: Inquiry) -> str:
    whose = ", which is this node" if inquiry.is_own else ""
    if inquiry.handle is not None and not inquiry.url:
        return f"the handle {inquiry.handle}, asked of {inquiry.origin}{whose}"
    if inquiry.url:
        return f"the address {inquiry.url}{whose}"
    return f"the server {inquiry.origin}{whose}"

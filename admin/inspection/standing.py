"""What this node knows of a host and does with it: policy, the health of deliveries, stored posts, last exchanges."""

from admin.inspection.inquiry import Finding, Inquiry, excerpt, span
from admin.queries import count_waiting, find_last_error, find_stored_post
from federation.documents import text_of
from federation.exchanges import Exchange
from federation.origins import host_of
from node.moderation.queries import find_policy, read_policy_book
from outbox.peers import Health, read_health

SHOWN = 12


async def judge_policy(inquiry: Inquiry) -> Finding:
    """Say what the operator's rules say of the host and of the handle's domain (MOD-2)."""
    names = {inquiry.host}
    if inquiry.handle is not None and inquiry.handle.domain:
        names.add(inquiry.handle.domain)
    async with inquiry.runtime.read() as reader:
        book = await read_policy_book(reader, inquiry.runtime.settings)
        exact = {name: await find_policy(reader, name) for name in sorted(names)}
    for name, policy in exact.items():
        if not book.is_suspended(name):
            continue
        if policy is None:
            return Finding(
                "problem",
                f"this node speaks only with servers it has a rule for (fetch mode allowlist), and {name} has none",
                f"If it is to be let in: `rookery domain accept {name}`.",
            )
        why = f" ({policy.private_comment})" if policy.private_comment else ""
        return Finding(
            "problem",
            f"{name} is blocked here, by the rule for {policy.domain}{why}: nothing is taken from it or sent to it",
            f"If that is not wanted: `rookery domain remove {policy.domain}`, or an exception: "
            f"`rookery domain allow {name}`.",
        )
    for name, policy in exact.items():
        if policy is None:
            continue
        if book.is_silenced(name):
            return Finding(
                "warning",
                f"{name} is limited here, by the rule for {policy.domain}: only its followers see what it says",
                f"`rookery domain remove {policy.domain}` takes the rule back.",
            )
        refused = [what for what, on in (("pictures", policy.reject_media), ("reports", policy.reject_reports)) if on]
        if refused:
            return Finding(
                "warning", f"{' and '.join(refused)} of {name} are not taken, by the rule for {policy.domain}"
            )
        return Finding("ok", f"allowed by the rule for {policy.domain}")
    return Finding("ok", "no rule of this node concerns it")


async def judge_delivery(inquiry: Inquiry) -> Finding:
    """Say whether deliveries go out to the host, what waits and what went wrong last (DLV-5)."""
    host = inquiry.host
    if inquiry.actor is not None:
        host = host_of(inquiry.actor.delivery_inbox)
    elif inquiry.actor_uri:
        host = host_of(inquiry.actor_uri)
    runtime, now = inquiry.runtime, inquiry.runtime.now()
    async with runtime.read() as reader:
        health = (await read_health(reader, [host]))[host]
        waiting = await count_waiting(reader, host)
        last_error = health.last_error or await find_last_error(reader, host)
    exchanges = await runtime.exchanges.read(host) or []
    last = next((one for one in exchanges if one.direction == "out" and one.kind == "delivery"), None)
    lines = _health_lines(health, waiting, last_error, last)
    if health.unavailable_since is not None:
        return Finding(
            "problem",
            f"given up since {health.unavailable_since:%d %B %Y}: it failed on {health.failure_days} days",
            "One try a day goes on. It is taken back as soon as it answers, or sends us something.",
            lines,
        )
    if health.paused_until is not None and health.paused_until > now:
        return Finding(
            "problem",
            f"paused for {span((health.paused_until - now).total_seconds())}: {health.consecutive_failures} failures "
            f"in a row, {waiting} waiting",
            "Nothing is lost: what waits goes out when it answers. The steps above say what is wrong.",
            lines,
        )
    if health.consecutive_failures:
        return Finding("warning", f"failing, {waiting} waiting: {last_error}", "It is tried again by itself.", lines)
    if last is not None and last.verdict != "accepted":
        return Finding(
            "problem", f"the last delivery ended with {last.reason}", "See what they say, and the step above.", lines
        )
    state = "nothing was sent lately" if last is None and health.last_success_at is None else "well"
    return Finding("ok", f"{state}, {waiting} waiting", lines=lines)


def _health_lines(health: Health, waiting: int, last_error: str, last: Exchange | None) -> tuple[str, ...]:
    lines = [f"waiting: {waiting}"]
    if health.last_success_at is not None:
        lines.append(f"last success: {health.last_success_at:%Y-%m-%d %H:%M} UTC")
    if health.last_seen_at is not None:
        lines.append(f"last heard of: {health.last_seen_at:%Y-%m-%d %H:%M} UTC")
    if last_error:
        lines.append(f"last error: {excerpt(last_error, 200)}")
    if health.signature_scheme:
        lines.append(f"signature scheme: {health.signature_scheme}")
    if last is not None:
        lines.append(f"last delivery: {shown(last)}")
    return tuple(lines)


async def judge_post(inquiry: Inquiry) -> Finding:
    """Say what became of a post here: unknown, stored, deleted, and who may see it."""
    if not inquiry.is_post or inquiry.document is None:
        return Finding("skipped", "not the address of a post")
    async with inquiry.runtime.read() as reader:
        author = text_of(inquiry.document.get("attributedTo")) or ""
        post, tombstone = await find_stored_post(reader, str(inquiry.document.get("id")), author)
    if tombstone:
        return Finding(
            "warning", "deleted: a tombstone keeps it out", "Their server took it back; it can return after 30 days."
        )
    if post is None:
        return Finding("info", "not stored here; searching for its address fetches it")
    if post.deleted_at is not None:
        return Finding("warning", f"stored and deleted on {post.deleted_at:%d %B %Y}")
    whom = {"public": "everybody", "unlisted": "everybody, outside public timelines", "private": "its followers"}
    return Finding("ok", f"stored as {post.id}, seen by {whom.get(post.visibility, 'those it names')}")


async def list_exchanges(inquiry: Inquiry) -> Finding:
    """List what crossed the wire last, before this inspection began."""
    hosts = dict.fromkeys([inquiry.host, *([host_of(inquiry.actor_uri)] if inquiry.actor_uri else [])])
    found: list[Exchange] = []
    for host in hosts:
        read = await inquiry.runtime.exchanges.read(host)
        if read is None:
            return Finding("info", "Redis does not answer, and it is where they are kept")
        found += [one for one in read if one.at < inquiry.began_at]
    found = sorted(found, key=lambda one: one.at, reverse=True)
    if not found:
        return Finding("info", "none on record (kept for a week, in Redis)")
    failed = sum(one.verdict in {"refused", "failed"} for one in found)
    lines = tuple(f"{one.at:%H:%M:%S} {shown(one)}" for one in found[:SHOWN])
    return Finding("info", f"{len(found)} on record, {failed} of them refused or failed", lines=lines)


def shown(one: Exchange) -> str:
    """Return an exchange on one line."""
    arrow = "->" if one.direction == "out" else "<-"
    status = "" if one.status is None else str(one.status)
    claim = "" if one.proven else "(claimed) "
    why = f" {one.reason}" if one.reason else ""
    detail = f": {excerpt(one.detail, 160)}" if one.detail else ""
    scheme = f" [{one.scheme}]" if one.scheme else ""
    return f"{arrow} {claim}{one.kind} {one.method} {one.url} {status} {one.verdict}{why}{detail}{scheme} {one.ms} ms"

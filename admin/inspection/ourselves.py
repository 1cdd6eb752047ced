"""Our own outside: what other servers see of this node, asked over the network as they would."""

from admin.inspection.identity import judge_keys
from admin.inspection.inquiry import Finding, Inquiry
from federation.client import FederationClient
from federation.egress import EgressPolicy
from federation.origins import split_port
from node.accounts.queries import find_account, find_local_account, list_keys
from node.base.runtime import VERSION, Runtime
from node.uris import INSTANCE_ACTOR_ID, actor_uri


def outside_client(runtime: Runtime) -> FederationClient:
    """Return a client that may ask this very node, wherever its name leads from here, and keeps no account of it."""
    settings = runtime.settings
    hosts = frozenset(split_port(name)[0] for name in settings.local_domains)
    return FederationClient(
        egress=EgressPolicy(insecure_networks=settings.insecure_peers, allow_hosts=hosts),
        user_agent=f"Rookery/{VERSION} (+{settings.public_url}; inspecting itself)",
        clock=runtime.clock,
        first_party_host="",
        ssl_context=runtime.http.given_tls_context,
    )


async def find_person(inquiry: Inquiry) -> Finding:
    """Find whose outside is looked at: the person of the handle, or the node's own actor."""
    settings = inquiry.runtime.settings
    if not settings.secure and not settings.insecure_peers:
        return Finding(
            "problem",
            f"ROOKERY_PUBLIC_URL is {settings.public_url}: other servers ask over https only",
            "Put a proxy with a certificate before the node and set ROOKERY_PUBLIC_URL=https://...",
        )
    name = inquiry.handle.username if inquiry.handle is not None else ""
    async with inquiry.runtime.read() as reader:
        account = await (find_local_account(reader, name) if name else find_account(reader, INSTANCE_ACTOR_ID))
    if account is None:
        return Finding("problem", f"there is nobody called {name} here", "See `/admin/accounts` for who there is.")
    if account.is_gone:
        return Finding("problem", f"{account.username} is suspended or deleted here")
    inquiry.actor_uri = actor_uri(settings, account.id)
    return Finding("ok", f"{account.username} is {inquiry.actor_uri}")


async def compare_keys(inquiry: Inquiry) -> Finding:
    """Look at the key that others see, and whether it is the one we sign with."""
    found = await judge_keys(inquiry)
    if found.verdict != "ok" or inquiry.actor is None:
        return found
    async with inquiry.runtime.read() as reader:
        account = (
            await find_local_account(reader, inquiry.actor.preferred_username)
            if inquiry.actor_uri != actor_uri(inquiry.runtime.settings, INSTANCE_ACTOR_ID)
            else await find_account(reader, INSTANCE_ACTOR_ID)
        )
        kept = [] if account is None else await list_keys(reader, account.id)
    shown = {key.pem.strip() for key in inquiry.actor.keys if key.pem}
    if {key.public_pem.strip() for key in kept if key.private_pem} & shown:
        return Finding("ok", f"{found.seen}, the one we sign with", lines=found.lines)
    return Finding(
        "problem",
        "others are shown another key than the one this node signs with",
        "Another node answers at this address, or a cache holds an old document: see the proxy's configuration.",
        found.lines,
    )

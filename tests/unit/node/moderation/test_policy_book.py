"""Which hosts a rule reaches, in whatever spelling, and the lists that operators exchange (MOD-2, rows 22, 23, 47)."""

import dataclasses
import hashlib

import pytest

from federation.errors import MalformedDocument
from federation.origins import host_of, normalise_domain
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.moderation.queries import find_policy, is_suspended_domain, list_policies, read_policy_book
from node.moderation.rules import Policy, PolicyBook, obfuscated
from node.moderation.service import set_domain_policy
from node.moderation.tables import rules_as_csv, rules_from_csv
from node.moderation.views import domain_block_view

REACHED = (
    "https://blocked.test/users/x",
    "https://BLOCKED.test/users/x",
    "https://blocked.test./users/x",
    "https://blocked.test:443/users/x",
    "https://blocked.test:8443/users/x",
    "http://blocked.test/users/x",
    "https://sub.blocked.test/users/x",
    "https://a.b.c.blocked.test:9/users/x",
    "https://%62locked.test/users/x",
    "https://ｂlocked.test/users/x",
)
NOT_REACHED = (
    "https://notblocked.test/users/x",
    "https://blocked.test.other.test/users/x",
    "https://blocked-test/users/x",
    "https://test/users/x",
    "https://other.test/blocked.test",
    "https://other.test/?blocked.test",
)


@pytest.mark.parametrize("uri", REACHED)
@pytest.mark.parametrize("spelling", ["blocked.test", "Blocked.Test", "blocked.test.", "blocked.test:443"])
def test_mod_2_rows_22_23_47_a_rule_reaches_every_spelling(uri: str, spelling: str) -> None:
    """Case, dot at the end, port, subdomain, full-width letters: reached, or no URI at all."""
    domain = normalise_domain(spelling.rstrip("."))
    try:
        host = host_of(uri)
    except MalformedDocument:
        return
    assert PolicyBook({domain: Policy(domain, "suspend")}).is_suspended(host)


@pytest.mark.parametrize("uri", NOT_REACHED)
def test_mod_2_row_23_a_rule_reaches_nobody_else(uri: str) -> None:
    assert not PolicyBook({"blocked.test": Policy("blocked.test", "suspend")}).is_suspended(host_of(uri))


@pytest.mark.parametrize("spelling", ["bücher.test", "BÜCHER.test", "xn--bcher-kva.test", "XN--BCHER-KVA.TEST."])
async def test_mod_2_row_23_punycode_and_letters_are_one_domain(runtime: Runtime, spelling: str) -> None:
    async with runtime.write() as uow:
        await set_domain_policy(uow, runtime.settings, spelling, "suspend", now=runtime.now())
        for uri in ("https://bücher.test/x", "https://xn--bcher-kva.test/x", "https://www.XN--bcher-KVA.test:8443/x"):
            assert await is_suspended_domain(uow, host_of(uri), settings=runtime.settings)


async def test_mod_2_only_listed_servers(runtime: Runtime) -> None:
    """Fetch mode allowlist: no rule, no talk; a limit lets in limited; our own domains need no rule."""
    settings = dataclasses.replace(runtime.settings, fetch_mode="allowlist")
    async with runtime.write() as uow:
        for domain, severity in (("in.test", "allow"), ("slow.test", "silence"), ("out.in.test", "suspend")):
            await set_domain_policy(uow, settings, domain, severity, now=runtime.now())
        book = await read_policy_book(uow, settings)
        for host, suspended in (
            ("in.test", False),
            ("sub.in.test", False),
            ("slow.test", False),
            ("out.in.test", True),
            ("other.test", True),
            (settings.domain, False),
            (settings.web_host, False),
        ):
            assert book.is_suspended(host) == suspended, host
            assert await is_suspended_domain(uow, host, settings=settings) == suspended, host
        assert book.rejects_media("other.test")
        assert not (await read_policy_book(uow, runtime.settings)).is_suspended("other.test")


async def test_mod_2_lists_go_out_and_come_in(runtime: Runtime) -> None:
    """What Mastodon writes is read; what we write comes back the same."""
    text = (
        "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
        'bad.test,suspend,true,true,"Spam, and more",true\n'
        "loud.test,silence,false,false,,false\n"
        "pictures.test,noop,True,False,,False\n"
    )
    rules = rules_from_csv(text)
    assert [(rule.domain, rule.severity, rule.reject_media) for rule in rules] == [
        ("bad.test", "suspend", True), ("loud.test", "silence", False), ("pictures.test", "noop", True),
    ]  # fmt: skip
    async with runtime.write() as uow:
        for rule in rules:
            values = dataclasses.asdict(rule)
            domain, severity = values.pop("domain"), values.pop("severity")
            await set_domain_policy(uow, runtime.settings, domain, severity, now=runtime.now(), **values)
        await set_domain_policy(uow, runtime.settings, "friend.test", "allow", now=runtime.now())
        policies = await list_policies(uow)
        assert await find_policy(uow, "pictures.test") is not None
    assert rules_from_csv(rules_as_csv(policies, allowed=False)) == rules
    assert [rule.severity for rule in rules_from_csv(rules_as_csv(policies, allowed=True))] == ["allow"]
    shown = domain_block_view(next(policy for policy in policies if policy.domain == "bad.test"))
    assert shown["domain"] == "b**.***t"
    assert shown["digest"] == hashlib.sha256(b"bad.test").hexdigest()
    assert shown["comment"] == "Spam, and more"


@pytest.mark.parametrize("text", ["", "bad.test\n", "#severity\nsuspend\n", "#domain,#severity\nbad.test,explode\n"])
def test_mod_2_what_is_no_list(text: str) -> None:
    with pytest.raises(Invalid):
        rules_from_csv(text)


def test_mod_2_a_hidden_name_keeps_its_shape() -> None:
    assert obfuscated("very.bad.example") == "ver*.***.****ple"
    assert obfuscated("a.b") == "a.b"

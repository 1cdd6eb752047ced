"""What moderators see, as types: accounts, reports, and who is kept out."""

from typing import Literal, TypedDict

from node.api.entities.accounts import Account, Role
from node.api.entities.instance import Rule
from node.api.entities.statuses import Status
from node.api.entities.values import Id, Time


class SeenAddress(TypedDict):
    """An IP address somebody signed in from."""

    ip: str
    used_at: Time


class AdminAccount(TypedDict):
    """An account with what only moderators see. What a remote one cannot have is null."""

    id: Id
    username: str
    domain: str | None
    created_at: Time
    email: str | None
    ip: str | None
    ips: list[SeenAddress]
    role: Role | None
    confirmed: bool | None
    approved: bool | None
    disabled: bool | None
    silenced: bool
    suspended: bool
    sensitized: bool
    locale: str | None
    invite_request: str | None
    account: Account


class AdminReport(TypedDict):
    """A report with everybody it concerns. Without `account` it came from `domain`."""

    id: Id
    action_taken: bool
    action_taken_at: Time | None
    category: Literal["spam", "legal", "violation", "other"]
    comment: str
    forwarded: bool
    created_at: Time
    updated_at: Time
    domain: str | None
    account: AdminAccount | None
    target_account: AdminAccount
    assigned_account: AdminAccount | None
    action_taken_by_account: AdminAccount | None
    statuses: list[Status]
    rules: list[Rule]


class AdminDomainAllow(TypedDict):
    """A domain that is spoken with where only a list is let in."""

    id: Id
    domain: str
    created_at: Time


class AdminDomainBlock(AdminDomainAllow):
    """A domain that is limited or shut out."""

    digest: str
    severity: Literal["noop", "silence", "suspend"]
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool


class DayCount(TypedDict):
    """What happened on a day (seconds since 1970, as text)."""

    day: str
    accounts: str
    uses: str


class AdminEmailDomainBlock(TypedDict):
    """A domain whose addresses may not sign up."""

    id: Id
    domain: str
    created_at: Time
    history: list[DayCount]


class AdminCanonicalEmailBlock(TypedDict):
    """A mailbox that may not sign up."""

    id: Id
    canonical_email_hash: str


class AdminIpBlock(TypedDict):
    """A network that is limited or shut out."""

    id: Id
    ip: str
    severity: Literal["sign_up_requires_approval", "sign_up_block", "no_access"]
    comment: str
    created_at: Time
    expires_at: Time | None

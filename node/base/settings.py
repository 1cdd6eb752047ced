"""Every setting of a node: one typed value, read once, from a TOML file and the environment.

`Settings` is a value: nothing is opened here and nothing is read at import. `load_settings` collects every
problem (unknown key, wrong type, unsafe combination) and raises them together in one `SettingsError`, so that
an operator mends the file once. The environment (`ROOKERY_*`) wins over the file.
"""

import hashlib
import ipaddress
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

PREFIX = "ROOKERY_"
SOCKET_PATH_BYTES = 100

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Registrations = Literal["open", "approval", "invite", "closed"]
FetchMode = Literal["open", "signed", "allowlist"]
FirstKnock = Literal["cavage", "rfc9421"]
DomainRules = Literal["on", "members", "off"]
SearchEngine = Literal["auto", "whoosh", "postgresql", "off"]


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds one plain sentence for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value.strip()


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError("must be a whole number") from None
        if isinstance(value, bool) or not minimum <= number <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return number

    return parse


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"on", "true", "yes", "1"}:
        return True
    if str(value).lower() in {"off", "false", "no", "0"}:
        return False
    raise ValueError("must be on or off")


def _domain_rules(value: Any) -> str:
    if value == "members":
        return "members"
    try:
        return "on" if _switch(value) else "off"
    except ValueError:
        raise ValueError("must be on, members or off") from None


def _choice(*allowed: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of: {', '.join(allowed)}")
        return str(value)

    return parse


def _networks(value: Any) -> tuple[Network, ...]:
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(ipaddress.ip_network(str(part).strip(), strict=False) for part in parts if str(part).strip())


def _path(value: Any) -> Path:
    return Path(_text(value)).expanduser()


def _optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value in (None, "") else parse(value)


def _public_url(value: Any) -> str:
    url = _text(value).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("must be scheme, host and maybe port, such as https://social.example")
    _ = parts.port  # raises ValueError for a port that is none
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _domain(value: Any) -> str:
    domain = _text(value).lower()
    if not domain or any(c in domain for c in "/@ ?#\\") or domain.endswith("."):
        raise ValueError("must be a domain such as example.com, maybe with a port")
    return domain


def _mail_server(value: Any) -> str:
    url = _text(value)
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be such as smtps://user:password@mail.example:465 or smtp://localhost:25")
    _ = parts.port  # raises ValueError for a port that is none
    return url


def _mail_address(value: Any) -> str:
    address = _text(value)
    local, _, domain = address.rpartition("@")
    if not local or not domain or not address.isascii() or any(c.isspace() or c in '<>,;:"()@' for c in local + domain):
        raise ValueError("must be one bare address such as rookery@example.com")
    return address


def _setting(default: Any, parse: Callable[[Any], Any], help_text: str) -> Any:
    return field(default=default, metadata={"parse": parse, "help": help_text})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings by their key: `public_url` is ROOKERY_PUBLIC_URL in the environment and `public_url` in TOML."""

    public_url: str = _setting(
        "http://localhost:8000", _public_url, "Where people and servers reach this node: scheme, host, port."
    )
    handle_domain: str = _setting(
        "", _optional(_domain), "Domain in handles (@ann@DOMAIN); default: the host of public_url."
    )
    bind: str = _setting("127.0.0.1:8000", _text, "Address and port the web process listens on.")
    data_dir: Path = _setting(Path("data"), _path, "Folder for the database, media and the embedded Redis.")
    database_url: str = _setting(
        "", _optional(_text), "SQLAlchemy URL (postgresql+asyncpg://...); default: SQLite in data_dir."
    )
    database_replica_url: str = _setting(
        "", _optional(_text), "A streaming replica of database_url, which timelines and profiles may be read from."
    )
    replica_lag_seconds: int = _setting(
        5, _whole(1, 300), "How far the replica may be behind until everybody reads from the primary."
    )
    redis_url: str = _setting("", _optional(_text), "Redis to use; default: `rookery up` starts a private one.")
    redis_cluster_url: str = _setting(
        "",
        _optional(_text),
        "Any node of a Redis Cluster: timelines, caches, limits and streams go there, the queues stay on redis_url.",
    )
    web_processes: int = _setting(1, _whole(1, 64), "Web processes that `rookery up` starts.")
    workers: int = _setting(2, _whole(1, 64), "Worker processes that `rookery up` starts.")
    site_name: str = _setting("Rookery", _text, "Name of this node on its pages.")
    site_description: str = _setting(
        "A small place to write and read with others.", _text, "One sentence about this node."
    )
    contact_email: str = _setting("", _optional(_text), "Operator's address, shown on the about page.")
    max_post_length: int = _setting(280, _whole(1, 100_000), "Characters in a post.")
    max_media_bytes: int = _setting(16 * 1024 * 1024, _whole(1024, 1 << 30), "Largest picture in bytes.")
    max_video_bytes: int = _setting(
        99 * 1024 * 1024, _whole(1024, 1 << 31), "Largest video or sound in bytes, sent in and kept."
    )
    max_video_seconds: int = _setting(600, _whole(1, 7200), "Longest video in seconds.")
    max_emoji_bytes: int = _setting(
        256 * 1024, _whole(1024, 1 << 24), "Largest custom emoji in bytes, ours or others'."
    )
    registrations: Registrations = _setting(
        "open",
        _choice("open", "approval", "invite", "closed"),
        "Who may sign up: open, approval, invite, closed.",
    )
    email_confirmation: bool | None = _setting(
        None, _optional(_switch), "Ask new people to confirm their address; default: on when smtp_url is set."
    )
    staff_second_step: bool = _setting(
        False, _switch, "Close the moderators' and admins' doors to those without two-step sign-in."
    )
    smtp_url: str = _setting(
        "", _optional(_mail_server), "Mail server, such as smtps://user:password@mail.example:465."
    )
    mail_from: str = _setting(
        "", _optional(_mail_address), "Sender of the mails this node writes; default: noreply at its host."
    )
    notification_mail_minutes: int = _setting(
        30, _whole(1, 1440), "Minutes until people who want letters are mailed what they have not seen."
    )
    notification_mails_per_day: int = _setting(
        5, _whole(0, 1000), "Letters about notifications that one person gets in a day; 0: none."
    )
    rate_limits: bool = _setting(True, _switch, "Token-bucket limits on the API and the pages.")
    limit_anonymous: int = _setting(
        300, _whole(1, 1_000_000), "API calls in five minutes: of an address without a token."
    )
    limit_new: int = _setting(
        900, _whole(1, 1_000_000), "API calls in five minutes: of somebody here for less than a day."
    )
    limit_normal: int = _setting(1_500, _whole(1, 1_000_000), "API calls in five minutes: of everybody else.")
    limit_trusted: int = _setting(
        3_000, _whole(1, 1_000_000), "API calls in five minutes: of moderators, and of people here for half a year."
    )
    limit_bot: int = _setting(1_500, _whole(1, 1_000_000), "API calls in five minutes: of an account marked as a bot.")
    fetch_mode: FetchMode = _setting(
        "open",
        _choice("open", "signed", "allowlist"),
        "Whether other servers must sign to read posts: open, signed; allowlist: and only those with a rule.",
    )
    first_knock: FirstKnock = _setting(
        "cavage",
        _choice("cavage", "rfc9421"),
        "How requests to servers that proved nothing yet are signed first: cavage, rfc9421.",
    )
    show_domain_rules: DomainRules = _setting(
        "on",
        _domain_rules,
        "Who sees which servers are blocked or limited: on (everybody), members, off (nobody).",
    )
    show_peers: bool = _setting(True, _switch, "Whether the API lists the servers that are known here.")
    integrity_proofs: bool = _setting(
        True, _switch, "Sign what is for everybody inside the document too (FEP-8b32), so that others can pass it on."
    )
    blocked_inbox_status: int = _setting(403, _whole(202, 403), "Answer to a blocked domain's delivery: 202 or 403.")
    tls_cert: Path | None = _setting(None, _optional(_path), "Certificate file: Hypercorn serves TLS itself.")
    tls_key: Path | None = _setting(None, _optional(_path), "Key file that belongs to tls_cert.")
    trusted_proxies: tuple[Network, ...] = _setting(
        (), _networks, "Networks whose X-Forwarded-For and -Proto are believed."
    )
    insecure_peers: tuple[Network, ...] = _setting(
        (), _networks, "Networks reached over plain http and private addresses. Development and tests only."
    )
    metrics_token: str = _setting("", _optional(_text), "Bearer token for /metrics from beyond loopback.")
    log_level: str = _setting("info", _choice("debug", "info", "warning", "error"), "debug, info, warning, error.")
    log_format: str = _setting("auto", _choice("auto", "json", "text"), "json, text, or auto: text on a terminal.")
    push_limit: int = _setting(10_000, _whole(0, 10**9), "Local followers up to which posts go to all active.")
    active_limit: int = _setting(100_000, _whole(0, 10**9), "Local followers up to which the day's active get it.")
    pull_reported_followers: int = _setting(
        100_000,
        _whole(1, 10**12),
        "Followers that another server reports of an account from which on its outbox is pulled; never fanned out.",
    )
    pull_requests_per_host: int = _setting(
        600, _whole(1, 10**6), "Requests in an hour that pulling may make to one host."
    )
    pull_bytes_per_host: int = _setting(
        64 * 1024 * 1024, _whole(1024, 1 << 40), "Bytes in an hour that pulling may read from one host."
    )
    home_length: int = _setting(800, _whole(40, 10_000), "Entries kept in a home timeline in Redis.")
    notifications_per_hour: int = _setting(
        400,
        _whole(1, 10**6),
        "Likes, boosts and follows one person is told of singly in an hour; the rest is counted.",
    )
    deliveries_per_host: int = _setting(2, _whole(1, 32), "Deliveries under way to one host at a time.")
    completion_wait: int = _setting(
        2_500, _whole(0, 10_000), "Milliseconds a profile waits for posts that its own server is asked for."
    )
    link_previews: bool = _setting(
        True, _switch, "Whether the pages that posts link to are asked for, for a preview under the post."
    )
    trends: bool = _setting(True, _switch, "Whether this node works out what is talked about.")
    trends_review: bool = _setting(
        False, _switch, "Whether a trend waits until a moderator allows it; else it is shown until one excludes it."
    )
    automatic_moments: bool = _setting(
        True, _switch, "Whether this node puts the posts of what trends together as moments."
    )
    relay_replies: bool = _setting(
        False, _switch, "Whether replies go to relays too, beside posts that begin a thread."
    )
    search_engine: SearchEngine = _setting(
        "auto",
        _choice("auto", "whoosh", "postgresql", "off"),
        "What searches posts: whoosh (files in data_dir), postgresql, off; auto: that of the database.",
    )
    delivery_concurrency: int = _setting(50, _whole(1, 1000), "Deliveries under way in one worker.")

    @property
    def web_host(self) -> str:
        """Host of `public_url`, with its port unless it is the scheme's own: the domain in our ids."""
        parts = urlsplit(self.public_url)
        default = {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname or ""
        if ":" in host:
            host = f"[{host}]"
        return host if parts.port in (None, default) else f"{host}:{parts.port}"

    @property
    def domain(self) -> str:
        """The domain in our people's handles."""
        return self.handle_domain or self.web_host

    @property
    def local_domains(self) -> frozenset[str]:
        """Every domain that means this node in a handle."""
        return frozenset({self.domain, self.web_host})

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https (decides cookie flags)."""
        return self.public_url.startswith("https:")

    @property
    def sqlalchemy_url(self) -> str:
        """The database, spelled for the async engine."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'rookery.sqlite3'}"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens; its folder is readable by the owner only.

        A unix socket's path ends at about 107 bytes: with a longer `data_dir` it is a folder of our own in the
        system's place for temporary files, always the same one for the same `data_dir`.
        """
        path = self.data_dir.absolute() / "redis" / "redis.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return path
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"rookery-{os.getuid()}-{digest}" / "redis.sock"

    @property
    def effective_redis_url(self) -> str:
        """`redis_url`, or the embedded server's socket."""
        return self.redis_url or f"unix://{quote(str(self.redis_socket))}"

    @property
    def media_dir(self) -> Path:
        """Folder for uploads and cached avatars."""
        return self.data_dir.absolute() / "media"

    @property
    def confirms_email(self) -> bool:
        """Whether an account waits for its address to be confirmed."""
        return bool(self.smtp_url) if self.email_confirmation is None else self.email_confirmation


def load_settings(environ: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    """Read the TOML file (ROOKERY_CONFIG or `file`, when there is one) and the environment.

    Raises SettingsError with every problem found.
    """
    environ = os.environ if environ is None else environ
    known = {f.name: f for f in fields(Settings)}
    problems: list[str] = []
    given: dict[str, tuple[str, Any]] = {}
    if file is None and environ.get(PREFIX + "CONFIG"):
        file = Path(environ[PREFIX + "CONFIG"])
    if file is not None:
        given.update(_read_file(file, problems))
    for name, value in environ.items():
        if name.startswith(PREFIX) and name != PREFIX + "CONFIG":
            given[name.removeprefix(PREFIX).lower()] = (name, value)
    values: dict[str, Any] = {}
    for key, (spelled, value) in given.items():
        if key not in known:
            problems.append(f"{spelled}: there is no such setting")
            continue
        try:
            values[key] = known[key].metadata["parse"](value)
        except ValueError as error:
            problems.append(f"{spelled}: {error}")
    chosen: dict[str, Any] = {k: known[k].default if value is None else value for k, value in values.items()}
    settings = Settings(**chosen)
    problems += unsafe_combinations(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _read_file(file: Path, problems: list[str]) -> dict[str, tuple[str, Any]]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file}: cannot be read ({error.strerror})")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file}: is not TOML ({error})")
        return {}
    return {key: (f"{key} in {file}", value) for key, value in table.items()}


def unsafe_combinations(settings: Settings) -> list[str]:
    """Problems that no single key shows, one sentence each."""
    found = []
    if (settings.tls_cert is None) != (settings.tls_key is None):
        found.append("tls_cert and tls_key belong together: set both or none")
    found += [
        f"{name}: {path} is not a file"
        for name, path in (("tls_cert", settings.tls_cert), ("tls_key", settings.tls_key))
        if path is not None and not path.is_file()
    ]
    loopback_only = all(network.is_loopback for network in settings.insecure_peers)
    if settings.insecure_peers and not loopback_only and settings.secure:
        found.append("insecure_peers beyond loopback cannot be used by a node with an https public_url")
    if settings.active_limit < settings.push_limit:
        found.append("active_limit must not be below push_limit")
    if settings.blocked_inbox_status not in (202, 403):
        found.append("blocked_inbox_status must be 202 or 403")
    if settings.confirms_email and not settings.smtp_url:
        found.append("email_confirmation is on but smtp_url is not set: nobody could ever confirm")
    if settings.database_url and not settings.database_url.startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:")):
        found.append("database_url must start with sqlite+aiosqlite: or postgresql+asyncpg:")
    if settings.search_engine == "postgresql" and not settings.database_url.startswith("postgresql"):
        found.append("search_engine = postgresql needs a database_url of PostgreSQL")
    if settings.database_replica_url and not settings.database_replica_url.startswith("postgresql+asyncpg:"):
        found.append("database_replica_url must start with postgresql+asyncpg:")
    if settings.database_replica_url and not settings.database_url.startswith("postgresql+asyncpg:"):
        found.append("database_replica_url is set but database_url is no PostgreSQL: SQLite has no replicas")
    if settings.redis_cluster_url and not settings.redis_cluster_url.startswith(("redis:", "rediss:")):
        found.append("redis_cluster_url must start with redis: or rediss:")
    host, _, port = settings.bind.rpartition(":")
    if not host or not port.isdigit():
        found.append("bind must be address:port, such as 127.0.0.1:8000")
    if settings.metrics_token and len(settings.metrics_token) < 16:
        found.append("metrics_token must be at least 16 characters")
    return found

"""Apps and OAuth as types (client-api behaviours 23 to 25)."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from node.api.entities.values import Id, Url

UnixTime = Annotated[int, Meta(description="A moment: whole seconds since 1970")]


class Application(TypedDict):
    """An app as its own tokens see it."""

    id: Id
    name: str
    website: str | None
    scopes: list[str]
    redirect_uri: str
    redirect_uris: list[str]
    vapid_key: str


class CredentialApplication(Application):
    """An app as it is told once, when it registers."""

    client_id: str
    client_secret: str
    client_secret_expires_at: UnixTime


class Token(TypedDict):
    """A token for an app."""

    access_token: str
    token_type: Literal["Bearer"]
    scope: str
    created_at: UnixTime


class Introspection(TypedDict):
    """What a token is good for (RFC 7662)."""

    active: bool
    scope: NotRequired[str]
    client_id: NotRequired[str]
    token_type: NotRequired[Literal["Bearer"]]
    username: NotRequired[str]
    sub: NotRequired[Url]


class UserInfo(TypedDict):
    """Who the viewer is, in the words of OpenID Connect."""

    iss: Url
    sub: Url
    name: str
    preferred_username: str
    profile: Url
    picture: Url


class ServerMetadata(TypedDict):
    """What of OAuth there is and where (RFC 8414)."""

    issuer: Url
    authorization_endpoint: Url
    token_endpoint: Url
    revocation_endpoint: Url
    userinfo_endpoint: Url
    app_registration_endpoint: Url
    service_documentation: Url
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint: Url
    introspection_endpoint_auth_methods_supported: list[str]
    prompt_values_supported: list[str]
    code_challenge_methods_supported: list[str]
    op_policy_uri: NotRequired[Url]
    op_tos_uri: NotRequired[Url]

"""Secrets: made at random, kept as their SHA-256. They are long, so a fast hash is enough."""

import hashlib
import secrets


def new_secret() -> str:
    """Return 256 random bits, safe in cookies, headers and links."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return what is stored and looked up instead of the secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

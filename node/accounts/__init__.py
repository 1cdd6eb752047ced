"""Accounts: every actor this node knows, its own people and those of other servers, in one table."""

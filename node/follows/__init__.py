"""Follows and follow requests, between any two accounts, local or remote."""

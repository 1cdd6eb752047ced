"""Follows and follow requests, between any two accounts, local or remote; and what one of ours keeps about others."""

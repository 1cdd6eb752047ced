"""Relays: servers that pass public posts on between many others (DLV-10, DLV-11)."""

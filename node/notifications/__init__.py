"""Notifications: what happened that a person wants to know. Made by `outbox/effects` from events."""

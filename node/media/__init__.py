"""Uploads and remote attachments: checking, re-encoding, storing, serving."""

"""Filters: words and posts that somebody does not want to read, or not without being warned."""

"""Drafts: posts and threads that people began and keep on the server, to go on with them later and elsewhere."""

"""Blocks and mutes: whom a person does not want to meet. Domains the whole node refuses are `moderation`."""

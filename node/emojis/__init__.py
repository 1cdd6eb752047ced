"""Custom emoji: ours, added by the operator, and those that others' posts, names and reactions brought along."""

"""Reactions to posts with an emoji, of Unicode or custom. Reacting itself is `node/posts/reacting`, like liking."""

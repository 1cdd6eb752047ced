"""Whom somebody might like to follow: friends of friends, people of shared hashtags, people followed and active here.

Only people who want to be found (`discoverable`); never whom the viewer follows, asked, blocks, mutes or waved away.
"""

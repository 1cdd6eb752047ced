"""Whom somebody might like to follow, and why.

Friends of friends (the follows that stand here, and public ones that were read from other servers), people whom
friends boosted, people of shared hashtags, people much followed, liked and boosted here of late, and whom the people
who look after this server picked. Only who wants to be found (`discoverable`); never whom the viewer follows, asked,
blocks, mutes or waved away.

What speaks for somebody is counted over a bounded number of rows and kept for a minute; whether they may be
suggested is asked anew each time, so a block or a dismissal holds at once (attack row 106).
"""

"""What is talked about here: hashtags, links and posts that more people than usual took up lately.

Counted from the rows of the last hours, so nothing is lost with Redis. A person counts once for a hashtag or link,
however often they use it; silenced people, and those who do not want to be found, do not count.
"""

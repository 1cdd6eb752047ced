"""What is talked about here: hashtags, links and posts that more people than usual took up lately, and why.

How it goes. Each public post, like, boost and answer, ours or remote, is noted in Redis when its event takes effect:
five-minute and hourly buckets a language, and a HyperLogLog of the people of the hour (`buckets`, `noting`). Every
minute the drain of the lane TRENDS (`tick`) reads the buckets, picks the candidates, looks at these exactly, in SQL
(`queries`), scores them (`scoring`, pure) against what is usual for each (`days`: rows by day and hour) and writes the
result down as a *board* (`models.TrendState`): that is all a request reads. Redis holds nothing that rows do not: a
tick fills empty buckets from them, and counts from them while Redis is away; where no worker ticks, whoever reads works
the board out. What operators decide about hashtags, links and people is `review`; trends of other servers are `pool`.

Why 500 bots make no trend. Age, posts, texts, domains, and follows and likes among themselves are cheap to make. To be
followed, liked, boosted or answered by people who are established here is not. So trust starts with the staff (and, on
a node whose staff know nobody, with its oldest people who post) and spreads along follows and interactions, each
truster dividing what they have among those they trust (`trust`): a farm gets as much of it as honest people gave to it
in person, however many accounts it has. A trusted person counts up to 1. All others together, however many, count at
most `ALONE` and `ECHO` times what the trusted people of that subject count; so new people make a burst larger, and
never make one alone. Equal texts, and one other server, count less than as many people of their own. How many it
takes grows with the root of how many are active: two on a node of ten, sixteen on one of a thousand.
"""

"""Search of posts: the query language, two engines behind one interface, consent, ranking.

    language -> tree -> planning -> engine (proposes) -> row (decides) -> ranking

Who may find what stands on the row of the post and of its author, at the moment of the search, not in an index. An
index only proposes ids, newest first; `queries.list_candidates` then asks for each whether this viewer may find it
(public and its author allows it, or it is in the viewer's own library) and `matching.matches` whether its words are
what was looked for. So an index may be late, stale or broken and shows nobody anything (attack rows 105, 106).

* A post becomes a row of `search_documents` (its tokens as one line of text) when anybody may search it or it is in
  somebody's library; only posts of authors who allow it go into an engine (FEP-5feb).
* `tasks` writes down that a post has changed, in the transaction in which it did; the drain of the `index` lane
  (`jobs`) makes documents of these in batches, writes the engine first and the rows after, and forgets the tasks last:
  whatever kills it, the batch comes again.
* Whoosh (`whoosh_*`) keeps an index on disk in slices of time; PostgreSQL (`postgresql`) a column. Both hold the same
  tokens, made by `analysis`.

Accounts and hashtags are searched by `node.accounts.queries` and `node.posts.queries`. Called by the API and the pages.
"""

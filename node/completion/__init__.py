"""What other servers have and we do not, brought in when somebody here looks for it: an account's older posts
(COL-8), the missing part of a thread (COL-7), and the counts that only the origin knows (COL-4).

`asking` is what doors call: it turns a look into a row of `Completion`, at most one per account and per thread,
shared by everybody who looks and by every process. `jobs` works the rows off in the FILL lane, a few seconds at a
time, so that one long thread neither holds up a worker nor is lost with it: where a run stands is in its row.
`outboxes` and `threads` are the two kinds of run; `pages` reads collections for both within the budgets of `rules`.

Nobody makes us fetch without an account here: strangers see what is stored. Nothing that is brought in is news:
it notifies nobody and is pushed to no home timeline (INB-10). What a collection lists is fetched from its own
origin before it is believed (INB-5).
"""

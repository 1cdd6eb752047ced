"""Mails that the node writes to its own people.

A use case asks for a mail in its own transaction (`service.request_mail`): a row, so that a crash loses nothing and
a rolled-back sign-up mails nobody. The MAIL drain (`jobs.py`) composes the letter when it is about to go out and
hands it to the operator's mail server. What a letter says, and to whom it really goes, is known to the slice that
asks for it and registered there with `@letter(kind)` (`letters.py`).

Composing late has three reasons: the secret of a link is never at rest in this table; a letter that could not be
sent for hours carries a fresh link; and asking for a mail costs the same whether the address belongs to somebody
or to nobody, so that nobody learns who is here (attack row 99).
"""

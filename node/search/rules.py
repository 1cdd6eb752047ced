"""Decisions of search that are neither language nor ranking: what an index may be asked, and every bound. Pure."""

from typing import Final

from node.search.steps import Begins, Every, Most, Not, Nothing, Some, Step, Token

PROPOSED: Final = 400
"""Posts an engine proposes at a time: what is ranked is the newest so many that match."""
PROPOSED_WIDE: Final = 2_000
"""The same where most proposals will not match: a phrase, so many likes."""
MOST_LOOKED_AT: Final = 4_000
"""Proposals whose rows are looked at for one page, before it is as full as it gets."""
MAX_OFFSET: Final = PROPOSED
LIBRARY_REACH: Final = 10_000
"""Of what one person wrote, liked, boosted, kept and is named in: the newest so many of each are searched."""
SEARCH_SECONDS: Final = 1.5
"""What one search may take, all its turns together."""
STRANGERS_SECONDS: Final = 0.75
"""The same for people who are not signed in: they cannot be told apart, and one thread searches."""
WAITING_SEARCHES: Final = 16
"""Searches that wait for a process's index; further ones are told that it is busy."""
MAX_EXPANSIONS: Final = 1_000
"""Words that one beginning (`a*`) stands for in one part of an index: the first so many. With more, the answer says
that there may be others."""
UNSEARCHABLE_REACH: Final = 2_000
"""Of the newest public posts, so many are looked through for an empty answer's explanation."""
UNSEARCHABLE_CHARACTERS: Final = 4_000
"""Of each, so much of its HTML."""
UNSEARCHABLE_SECONDS: Final = 0.4
"""And no longer."""
UNSEARCHABLE_FLOOR: Final = 3
"""Fewer authors than these are not counted before anybody: a count of one would be an answer."""


def is_exact(step: Step) -> bool:
    """Whether an index answers a step exactly, so that what it finds may be taken away from an answer."""
    match step:
        case Token() | Nothing():
            return True
        case Every(parts=parts) | Some(parts=parts) | Most(parts=parts):
            return all(is_exact(part) for part in parts)
        case Not(part=part):
            return is_exact(part)
        case Begins():
            return False
        case _:
            return False

"""From a tree to a plan: tokens in place of words. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from node.search.analysis import Lexeme, is_run, lexemes, mark, plain_tag, tag_token, whole_forms
from node.search.forms import FAR_FETCHED, SPELT, acronym, as_written, forms_of
from node.search.spelling import fold, misspelt, respelt
from node.search.stems import shown_language
from node.search.steps import (
    Begins,
    Count,
    Every,
    Most,
    Not,
    Nothing,
    Plan,
    Sequence,
    Some,
    Span,
    Step,
    Token,
    Wanted,
)
from node.search.stop_words import says_little
from node.search.tree import (
    AllOf,
    AnyOf,
    AtLeast,
    Between,
    But,
    By,
    In,
    Marked,
    Node,
    Phrase,
    Prefix,
    Scope,
    SearchProblem,
    Tagged,
    Word,
    parts,
    walk,
)

SHORTEST_PREFIX: Final = 2
FORGIVING: Final = range(3, 9)
"""So many words must be looked for that some of them may be missing."""
MOST_MISSPELT: Final = 3
"""With more words than these, one that is missing is forgiven instead."""
_ELIDED: Final = re.compile("^(?:[cdjlmnst]|qu)['’](?=[^\\W\\d_]{2})", re.IGNORECASE)
_ELIDING: Final = frozenset({"ca", "fr", "it"})
MAX_TOKENS: Final = 400
"""Tokens of one plan: a query of five hundred characters of a script without spaces has fewer."""


def make_plan(tree: Node, *, names: Mapping[str, int | None], languages: tuple[str, ...]) -> Plan | None:
    """Return the plan of a tree, None where no word of it can be looked for. Raises SearchProblem.

    `names` says whom the handles of `from:` and `to:` mean, `languages` how words are stemmed.
    """
    scope: Scope = "all"
    rest: list[Node] = []
    for part in parts(tree):
        if isinstance(part, In):
            scope = part.scope
        else:
            rest.append(part)
    for part in rest:
        for node in walk(part):
            if isinstance(node, In):
                raise SearchProblem("in: says where to look: it cannot be left out, or be one of several.", node.place)
    making = _Making(names, languages, is_shouted=_is_shouted(rest))
    made = making.made_of(rest)
    steps = _weighty(made)
    if not steps and scope != "library":
        return None
    spans = [step for step in steps if isinstance(step, Span)]
    since = [span.since_id for span in spans if span.since_id is not None]
    until = [span.until_id for span in spans if span.until_id is not None]
    if since and until and max(since) >= min(until):
        raise SearchProblem("No post is of this time: it ends before it begins.", 0)
    return Plan(
        steps[0] if len(steps) == 1 else Every(tuple(steps)),
        scope,
        max(since, default=None),
        min(until, default=None),
        tuple(making.wanted),
        tuple(making.order),
        scope != "library" and all(isinstance(node, Word | Phrase | Tagged) for node in rest),
        making.alike(rest, steps),
        _with_most_words(made),
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """A step, and what it was made of."""

    step: Step
    is_word: bool
    is_little: bool


class _Making:
    """One walk over one tree."""

    def __init__(self, names: Mapping[str, int | None], languages: tuple[str, ...], *, is_shouted: bool) -> None:
        self._names = names
        self._is_shouted = is_shouted
        self._languages = languages
        self._tokens = 0
        self._little = False
        self.wanted: list[Wanted] = []
        self.order: list[tuple[str, ...]] = []

    def made_of(self, nodes: Iterable[Node], *, is_wanted: bool = True) -> list[_Made]:
        """Return the steps of what all must hold."""
        made: list[_Made] = []
        for node in nodes:
            self._little = isinstance(node, Word) and self._says_little(node.text)
            if (step := self.step(node, is_wanted=is_wanted)) is not None:
                made.append(_Made(step, isinstance(node, Word), self._little))
            self._little = False
        return made

    def alike(self, nodes: list[Node], steps: list[Step]) -> Step | None:
        """Return what is looked for where some of a few words may be misspelt, None where none is."""
        words = [node for node in nodes if isinstance(node, Word) and not self._says_little(node.text)]
        if not 0 < len(words) <= MOST_MISSPELT or len(steps) != len(nodes):
            return None
        found: list[Step] = []
        for node, step in zip(nodes, steps, strict=True):
            others = misspelt(fold(node.text)) if isinstance(node, Word) else ()
            found.append(Some((step, *(Token(other) for other in others))) if others else step)
        return _joined(Every, [*found]) if found != steps else None

    def _says_little(self, text: str) -> bool:
        return says_little(text.lower() if self._is_shouted else text, self._languages)

    def step(self, node: Node, *, is_wanted: bool = True) -> Step | None:
        """Return the step of a node, None for one that says nothing (a smiley)."""
        match node:
            case AllOf(parts=parts_):
                return self._all(parts_, is_wanted)
            case AnyOf(parts=parts_):
                return _joined(Some, [self.step(part, is_wanted=is_wanted) for part in parts_])
            case But(part=part):
                step = self.step(part, is_wanted=False)
                return None if step is None else Not(step)
            case Word(text=text, place=place):
                return _joined(
                    Every, [self._word(lexeme, place, is_wanted) for lexeme in lexemes(self._without_article(text))]
                )
            case Phrase(text=text, place=place):
                return self._phrase(text, place, is_wanted)
            case Prefix(text=text, place=place):
                return self._prefix(text, place, is_wanted)
            case By(relation=relation, handle=handle):
                account_id = self._names.get(handle.lower())
                return Nothing() if account_id is None else Token(mark(relation, account_id))
            case Tagged(name=name):
                token = tag_token(name)
                self._want(((token, 1.0),), is_wanted)
                return Token(token)
            case Marked(name=name, value=value):
                return Token(mark(name, value))
            case Between(since_id=since_id, until_id=until_id):
                return Span(since_id, until_id)
            case AtLeast(what=what, number=number):
                return Count(what, number)
            case In():
                return None

    def _without_article(self, text: str) -> str:
        """Return a typed word without what is elided before it: who looks for `l'école` means écoles too."""
        return _ELIDED.sub("", text) if _ELIDING.intersection(self._languages) else text

    def _all(self, nodes: Iterable[Node], is_wanted: bool) -> Step | None:
        return _joined(Every, [*_weighty(self.made_of(nodes, is_wanted=is_wanted))])

    def _word(self, lexeme: Lexeme, place: int, is_wanted: bool) -> Step:
        """A word finds itself and what has its stem; one that was taken apart finds its parts side by side too."""
        self._spend(len(lexeme.whole) if lexeme.kind == "run" else 1 + len(lexeme.parts), place)
        if lexeme.kind in {"tag", "mention", "symbol"}:
            self._want(((lexeme.whole, 1.0),), is_wanted)
            return Token(lexeme.whole)
        if lexeme.kind == "run":
            sequence = _pairs(lexeme.whole)
            for place_of, spot in enumerate(sequence):
                self._want(((spot[0], 1.0),), is_wanted, is_within=not place_of)
            return Token(sequence[0][0]) if len(sequence) == 1 else Sequence(sequence)
        if not lexeme.parts:
            source = lexeme.sources[0] if lexeme.sources else ""
            weighed = self._forms(lexeme.whole, source)
            forms = tuple(weighed)
            if lexeme.is_acronym and not self._is_shouted:
                weighed = {form: worth / 2 for form, worth in weighed.items()} | {acronym(lexeme.whole): 1.0}
                if says_little(lexeme.whole, self._languages):
                    forms = (acronym(lexeme.whole),)
                self._want(tuple(weighed.items()), is_wanted)
            else:
                self._want(tuple(weighed.items()), is_wanted, typed=as_written(lexeme.whole, source))
            if is_wanted:
                near = tuple(form for form in forms if form == lexeme.whole or weighed[form] > FAR_FETCHED)
                self.order.append(near or forms)
            if not is_wanted:
                # What is left out is left out in its forms too, or `-cats` would show the cat; not what may be another.
                forms = tuple(form for form in forms if form == lexeme.whole or weighed[form] > FAR_FETCHED)
            return Token(forms[0]) if len(forms) == 1 else Some(tuple(Token(form) for form in forms))
        sequence = tuple(
            tuple(self._forms(part, source)) for part, source in zip(lexeme.parts, lexeme.sources, strict=True)
        )
        wholes = (lexeme.whole, *whole_forms(lexeme, self._languages))
        self._want((*((whole, 1.0) for whole in wholes), (lexeme.parts[0], 0.5)), is_wanted)
        apart: Step = Token(sequence[0][0]) if len(sequence) == 1 else Sequence(sequence)
        return Some((*(Token(whole) for whole in wholes), apart))

    def _forms(self, whole: str, source: str) -> dict[str, float]:
        """Return the tokens by which a word is found, each with what it is worth: itself, its other spelling, their
        stems."""
        languages = tuple(dict.fromkeys((*self._languages, *shown_language(source))))
        forms = forms_of(whole, source, languages)
        if other := respelt(source, languages):
            folded = fold(other)
            forms = forms_of(folded, other, languages) | {as_written(folded, other): SPELT} | forms
        return forms

    def _phrase(self, text: str, place: int, is_wanted: bool) -> Step | None:
        """The very words in their order. A compound counts as its parts, whichever way it is written."""
        spots: list[tuple[str, ...]] = []
        for lexeme in lexemes(text):
            self._spend(len(lexeme.whole) if lexeme.kind == "run" else 1 + len(lexeme.parts), place)
            if lexeme.kind == "run":
                spots += _whole_run(lexeme.whole)
            elif lexeme.kind in {"word", "symbol", "mention"}:
                spots.append((lexeme.whole,))
            elif lexeme.kind == "tag" and len(lexeme.parts) == 1 and not is_run(lexeme.parts[0]):
                spots.append((lexeme.whole, plain_tag(lexeme.whole)))
            else:
                for part in lexeme.parts:
                    spots += _whole_run(part) if is_run(part) else [(part,)]
        if not spots:
            return None
        for spot in spots:
            self._want(tuple((token, 1.0) for token in spot), is_wanted)
        if len(spots) == 1:
            return _joined(Some, [Token(token) for token in spots[0]])
        return Sequence(tuple(spots))

    def _prefix(self, text: str, place: int, is_wanted: bool) -> Step | None:
        found = list(lexemes(text))
        if not found:
            return None
        *before, last = found
        steps: list[Step | None] = [self._word(lexeme, place, is_wanted) for lexeme in before]
        if last.kind == "run":
            steps.append(self._word(last, place, is_wanted))
        elif last.kind == "tag":
            steps.append(self._begins(last.whole, 1 + SHORTEST_PREFIX, place, is_wanted))
        elif last.parts and last.kind != "mention":
            inner = Every((*(Token(part) for part in last.parts[:-1]), Begins(last.parts[-1])))
            steps.append(Some((self._begins(last.whole, SHORTEST_PREFIX, place, is_wanted), inner)))
        else:
            steps.append(self._begins(last.whole, SHORTEST_PREFIX, place, is_wanted))
        return _joined(Every, steps)

    def _begins(self, text: str, shortest: int, place: int, is_wanted: bool) -> Step:
        if len(text) < shortest:
            raise SearchProblem(f"Before * come at least {SHORTEST_PREFIX} letters.", place)
        self._spend(1, place)
        if is_wanted:
            self.wanted.append(Wanted(((text, 1.0),), is_prefix=True))
        return Begins(text)

    def _want(
        self, forms: tuple[tuple[str, float], ...], is_wanted: bool, *, typed: str = "", is_within: bool = False
    ) -> None:
        if is_wanted:
            self.wanted.append(Wanted(forms, typed, is_within, is_little=self._little))

    def _spend(self, tokens: int, place: int) -> None:
        self._tokens += tokens
        if self._tokens > MAX_TOKENS:
            raise SearchProblem("This asks for too much at once.", place)


def _pairs(run: str) -> tuple[tuple[str, ...], ...]:
    """Return the spots of a run of a script without spaces: its pairs, or its one character."""
    return tuple((run[place : place + 2],) for place in range(len(run) - 1)) or ((run,),)


def _whole_run(run: str) -> tuple[tuple[str, ...], ...]:
    """Return the spots of a run that something follows: the last character has a spot of its own."""
    return (*_pairs(run), (run[-1],)) if len(run) > 1 else _pairs(run)


def _weighty(made: list[_Made]) -> list[Step]:
    """Return what must hold. Words that say little only rank, where something else is said."""
    weighty = [one.step for one in made if not one.is_little]
    return weighty if any(_looks_for_words(step) for step in weighty) else [one.step for one in made]


def _with_most_words(made: list[_Made]) -> Step | None:
    """Return what is looked for where no post has all the words: one in three may be missing, nothing else."""
    words = [one.step for one in made if one.is_word and not one.is_little]
    if len(words) not in FORGIVING:
        return None
    rest = [one.step for one in made if not one.is_word]
    return _joined(Every, [*rest, Most(tuple(words), len(words) - (len(words) + 1) // 3)])


def _is_shouted(nodes: Iterable[Node]) -> bool:
    """Whether somebody types in capitals, so that none of them says anything."""
    words = [
        node.text
        for part in nodes
        for node in walk(part)
        if isinstance(node, Word) and node.text.upper() != node.text.lower()
    ]
    return len(words) > 1 and all(word.isupper() for word in words)


def _looks_for_words(step: Step) -> bool:
    """Whether a step says what a post is about."""
    match step:
        case Token(text=text):
            return not text.startswith(":")
        case Begins() | Sequence() | Some() | Every():
            return True
        case _:
            return False


def _joined(kind: type[Every] | type[Some], steps: list[Step | None]) -> Step | None:
    found = [step for step in steps if step is not None]
    if len(found) <= 1:
        return found[0] if found else None
    return kind(tuple(found))

"""Who lives on the two nodes of `rookery demo` and what happens between them: data only, no code that acts.

A step names people by their user name and posts by a label that an earlier step gave. `play.py` plays the
steps in order, through the REST API of each person's own node.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on node "one" or "two"."""

    username: str
    node: str
    name: str
    note: str
    colour: tuple[int, int, int]
    role: str = "user"
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A post. `label` names it for later steps; `reply_to` and `mentions` may live on the other node."""

    who: str
    label: str
    text: str
    reply_to: str = ""
    visibility: str = "public"
    warning: str = ""
    picture: str = ""
    """Alternative text of a drawn picture; "" for none."""


@dataclass(frozen=True, slots=True)
class Like:
    who: str
    label: str


@dataclass(frozen=True, slots=True)
class Boost:
    who: str
    label: str


@dataclass(frozen=True, slots=True)
class Edit:
    who: str
    label: str
    text: str


Step = Write | Like | Boost | Edit

PEOPLE = (
    Person("ann", "one", "Ann Sandoval", "Keeps bees and this server. Asks birds their names.", (34, 105, 99), "admin"),
    Person("bo", "one", "Bo Lindqvist", "Rides #trains to the end of the line and writes it down.", (154, 78, 44)),
    Person("cleo", "one", "Cleo", "Bakes. I answer requests after the oven.", (120, 72, 140), locked=True),
    Person("dara", "two", "Dara Okafor", "Looks after node two. #astronomy from a balcony.", (40, 82, 150), "admin"),
    Person("emil", "two", "Emil Novák", "Draws maps of places that are nearly real. #maps", (150, 120, 30)),
    Person("fay", "two", "Fay", "Night nurse, day gardener.", (60, 120, 60)),
)

FOLLOWS = (
    ("ann", "dara"), ("ann", "emil"), ("ann", "bo"), ("ann", "cleo"),
    ("bo", "ann"), ("bo", "emil"), ("bo", "fay"),
    ("cleo", "ann"), ("cleo", "fay"),
    ("dara", "ann"), ("dara", "bo"), ("dara", "emil"),
    ("emil", "bo"), ("emil", "dara"), ("emil", "ann"),
    ("fay", "cleo"), ("fay", "ann"), ("fay", "dara"),
)  # fmt: skip

STORY: tuple[Step, ...] = (
    Write("bo", "train", "End of the line at 06:12. One platform, one bench, one very confident hen. #trains"),
    Write(
        "emil", "map", "The harbour quarter is done. Every street is named after somebody who owed me a coffee. #maps",
        picture="A hand-drawn map: blue water along the left, a grid of streets in ochre, a park in the middle.",
    ),
    Write("dara", "saturn", "Clear tonight. Saturn through the small scope, rings like a paper cut. #astronomy"),
    Write("ann", "wren", "Small, brown, tail up, far too loud for its size. Who sings outside my kitchen? #birds"),
    Write("dara", "wren-answer", "@ann@{one} A wren. They weigh a coin and argue like a parliament.", "wren"),
    Write("fay", "wren-too", "@ann@{one} Seconded. There is one in our hedge that wakes the whole ward.", "wren"),
    Write("ann", "wren-thanks", "@dara@{two} @fay@{two} A wren it is. It has been told.", "wren-answer"),
    Like("ann", "wren-answer"), Like("bo", "wren-answer"), Like("dara", "wren"), Like("fay", "wren"),
    Boost("ann", "map"), Boost("dara", "train"), Boost("emil", "train"), Like("emil", "train"), Like("ann", "saturn"),
    Write("bo", "map-reply", "@emil@{two} Is there a railway? There should be a railway. #trains #maps", "map"),
    Write("emil", "map-rail", "@bo@{one} There is now. It ends at a bench and a hen.", "map-reply"),
    Like("bo", "map-rail"), Boost("bo", "map-rail"),
    Write("cleo", "bread", "Forty loaves, one of them perfect. I am not telling anybody which.", visibility="unlisted"),
    Write("fay", "shift", "Three in the morning is when everybody tells you the truth.", warning="Hospital night"),
    Like("cleo", "shift"), Like("dara", "shift"),
    Write("ann", "frost", "First frost. The hives are quiet and heavy, as they should be.", visibility="private"),
    Like("dara", "frost"), Like("fay", "frost"),
    Write("dara", "secret", "@ann@{one} Surprise visit on Saturday, do not tell Bo.", visibility="direct"),
    Write("emil", "typo", "The contour lines on the east side are wrogn on purpose."),
    Edit("emil", "typo", "The contour lines on the east side are wrong on purpose. So was the spelling."),
    Like("bo", "typo"),
)  # fmt: skip

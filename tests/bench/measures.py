"""Every measure, in the order of the table. What stops the node's processes comes late, and last what adds a crowd."""

from typing import Final

from tests.bench.cost_rows import costs
from tests.bench.document_rows import documents
from tests.bench.fresh_rows import fresh
from tests.bench.like_rows import delivered_likes, likes
from tests.bench.machine_rows import machine
from tests.bench.node_rows import memory
from tests.bench.publish_rows import publish
from tests.bench.read_rows import reads
from tests.bench.rush_rows import rushes
from tests.bench.search_rows import search, search_postgresql
from tests.bench.table import Measure
from tests.bench.timeline_rows import fan_out, home, public, viral
from tests.bench.trend_rows import trends
from tests.bench.wire_rows import dead_hosts, delivery, inbox

MEASURES: Final[tuple[Measure, ...]] = (
    machine,
    home,
    public,
    reads,
    publish,
    fan_out,
    inbox,
    fresh,
    documents,
    likes,
    delivered_likes,
    rushes,
    trends,
    delivery,
    dead_hosts,
    memory,
    costs,
    viral,
    search,
    search_postgresql,
)

GROWING: Final = ("home", "public", "reads", "publish", "inbox", "documents", "likes", "memory")
"""Measures that are taken with a tenth of the data too."""

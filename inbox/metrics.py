"""Counters of what arrives and how it ends: each refusal is counted with its reason, for the operator's page.

Labels are words of ours, never text from the wire: an unknown activity type counts as `other`.
"""

from typing import Final

from prometheus_client import Counter

from federation.vocabulary import ACTIVITY_TYPES

DELIVERIES: Final = Counter(
    "rookery_inbox_deliveries_total", "Deliveries by how they were answered.", ["answer", "reason"]
)
PROCESSED: Final = Counter("rookery_inbox_processed_total", "Stored activities by how they ended.", ["kind", "outcome"])


def count_delivery(answer: str, reason: str) -> None:
    """Count a delivery at the door: `answer` is accepted, duplicate, ignored, refused or deferred."""
    DELIVERIES.labels(answer, reason[:64]).inc()


def count_processed(kind: str, outcome: str) -> None:
    """Count a stored activity's end."""
    PROCESSED.labels(kind if kind in ACTIVITY_TYPES else "other", outcome).inc()

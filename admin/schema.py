"""Every table of a node in one place: importing this module imports every `models` module.

Used by the migrations, which compare `metadata()` with the database. A new slice with tables adds its line here;
`tests/unit/admin/test_schema.py` fails when one is missing.
"""

from sqlalchemy import MetaData

import outbox.models  # noqa: F401
from node.base.db.base import Base


def metadata() -> MetaData:
    """Return the tables as the code knows them."""
    return Base.metadata

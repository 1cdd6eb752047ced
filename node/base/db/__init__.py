"""The database: column types and the declarative base, engines, the unit of work, the event log, migrations."""

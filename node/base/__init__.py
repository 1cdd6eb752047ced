"""What every slice stands on: settings, ids, errors, the database, the event log, jobs. Knows no noun."""

"""Alembic: the new database's schema (branch `schema`) and the control tables in it (branch `ledger`)."""

"""A small project: two shops' worth of tables in three old databases, with a split, a merge, lookups and a mistake."""

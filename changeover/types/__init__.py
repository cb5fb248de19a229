"""The kinds of values Changeover can carry, and how each travels between databases without being changed.

What holds always:

- A value travels as canonical text, written by the old database and parsed by the new one. Two spellings of one value
  have one canonical text, so "unchanged" is a comparison of bytes, never of a collation or a rounded number.
- Whatever a column can't hold exactly is found, row by row, and has a reason: by the database's own strict mode, by
  ``Kind.differs`` after the write, or by ``Kind.misfits`` before it.
- No SQL written here holds ``%``, ``:name`` or a backslash, so it passes unharmed through every driver and through
  ``sqlalchemy.text``.
- What a kind can't read as its own (bytes in SQLite's text, digits that a double would lose) is marked by the old
  database with a character that no column takes (``written.MARK``), and is a reject at the new one.

The kinds know the family of a database and nothing else of it: no connection, no version, no mapping.
They rely on these settings of every session: UTC; ISO dates, ``intervalstyle`` postgres, ``bytea_output`` hex and
``extra_float_digits`` 1 or more on PostgreSQL; utf8mb4 on MySQL; on SQLite the functions of ``sqlite_functions``.
"""

"""Changeover's engine: moves rows between databases exactly, in bulk, while both are in use. Knows nothing of Dagster.

The nouns are ``mapping``, ``types``, ``dialects``, ``schema``, ``keyset`` and ``ledger``; the verbs (``transfer`` and
what joins it) stand on them and never the other way round.
"""

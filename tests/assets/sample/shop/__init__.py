"""Mappings of the old shop."""

OWNER = "team:shop"

"""Mappings of the old community."""

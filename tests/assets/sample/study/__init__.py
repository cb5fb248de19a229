"""Mappings of the old study app."""

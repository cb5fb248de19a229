"""The documentation, and in `docs.pages` what keeps it true: generated parts, links, code that parses."""

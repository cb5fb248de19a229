"""Checking the pages: links that lead somewhere, code that parses, generated parts that are what the code says now.

``python -m docs.pages check`` says what is wrong, ``python -m docs.pages write`` brings the generated parts up to
date. A page says what stands in a generated part by a comment before it: ``<!-- generated: cli check -->``.
"""

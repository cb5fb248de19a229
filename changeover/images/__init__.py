"""Carrying images from where they are (a web host, an old bucket, a folder) to the new bucket, each one checked.

What holds always:

- Bytes come from an allowed host at an address that was checked, and the connection is made to that very address. Each redirect
  is a new request under the same rules.
- What is stored is an image: its kind is told by its content, and it was decoded to its end within bounds. An SVG holds nothing
  that runs or fetches.
- A key names bytes: each scheme of keys holds their sha256, so nothing that is stored is ever replaced, and to store it again
  changes nothing. Nothing is ever deleted.
- An image counts as arrived only after the bucket was asked for it and told its length and checksum.
- Memory is bounded by the number of workers, whatever the number of images.

It must not know databases, the ledger, mappings or Dagster.
"""

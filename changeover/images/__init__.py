"""Images on their way from an old place to a new bucket."""

"""The community: posts and comments of an older version, half of which somebody once copied by hand."""

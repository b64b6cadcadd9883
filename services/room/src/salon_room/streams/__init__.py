"""Media: which relay, which streams, which effects."""

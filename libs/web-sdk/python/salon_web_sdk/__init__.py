"""Where the built browser SDK lies."""

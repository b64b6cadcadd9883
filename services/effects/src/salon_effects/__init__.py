"""The effects service: receives raw frames, returns beautified ones."""

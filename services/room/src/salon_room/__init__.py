"""The room service: the only thing a browser talks to besides media."""

"""Rooms as this instance sees them: the fold of their events, and who is told what."""

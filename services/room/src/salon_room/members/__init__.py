"""Who is in a room: log-in, presence, resume, log-out."""

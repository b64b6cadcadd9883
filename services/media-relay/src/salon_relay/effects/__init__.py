"""Effects: a controller per stream, transcoder processes, and what viewers of the stream get meanwhile."""

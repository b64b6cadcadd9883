"""What a connection is and does, without a socket, a clock or a bus."""

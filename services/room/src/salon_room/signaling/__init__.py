"""One WebSocket: requests in, replies and notices out."""

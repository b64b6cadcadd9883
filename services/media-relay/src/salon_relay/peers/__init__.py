"""Peer connections: offers become plans, plans become sources and sinks of the packet path."""

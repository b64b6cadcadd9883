"""The room service without a network: what a room looks like, what may happen next, who is told what."""

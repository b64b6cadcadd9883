"""What holds for every package at once."""

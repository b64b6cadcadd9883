"""What the tests of several packages share: a fake cloud for clients, a relay and a transcoder alone, counted work."""

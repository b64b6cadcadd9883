"""What the tests of several packages share: a fake cloud for clients, work counted in instructions."""

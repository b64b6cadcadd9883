"""The token service: owns apps and says what a token allows."""

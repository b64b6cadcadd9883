"""The connection to a NATS server: kept up, its permissions, its configuration file."""

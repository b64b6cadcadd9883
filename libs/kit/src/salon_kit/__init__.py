"""How any service runs: bus, settings, log, health, metrics, graceful stop."""

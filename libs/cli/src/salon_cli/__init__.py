"""The salon command: run the cloud, check it, manage apps and tokens."""

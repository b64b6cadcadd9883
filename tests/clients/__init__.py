"""Other people's WebRTC clients against this cloud: `make test-clients` runs them and writes docs/clients.md."""

"""What the services agree on: messages, subjects, envelope, errors, identifiers."""

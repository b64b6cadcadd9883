"""The media relay: a selective forwarding unit, sessions in Python, packets in Rust."""

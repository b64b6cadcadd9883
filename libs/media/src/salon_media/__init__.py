"""Media arithmetic without I/O: SDP offers read, SDP answers written."""

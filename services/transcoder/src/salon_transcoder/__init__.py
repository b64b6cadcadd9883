"""The process that beautifies one stream: decodes it, has its frames beautified, encodes them once."""

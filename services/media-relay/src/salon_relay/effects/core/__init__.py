"""What the effects of one stream do and when, without I/O: the controller, and the bitrate of what is beautified."""

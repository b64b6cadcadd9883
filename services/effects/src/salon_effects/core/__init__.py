"""What the worker decides, without I/O: who has room (`capacity`) and whose frame is next (`frame_scheduler`)."""

"""A media relay without the bus (`running`), and a call with effects in it (`scene`)."""

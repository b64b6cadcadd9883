"""What a transcoder does with its pictures and when, without I/O."""

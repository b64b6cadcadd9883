"""What Salon costs and how fast it is. `make bench`; each figure is a JSON line, the table repeats them for people."""

"""`python -m salon_room`."""

from salon_room.main import main

if __name__ == "__main__":
    main()

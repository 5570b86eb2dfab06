"""`python -m slop_qt` is `slop-qt`."""

from slop_qt.cli import main

if __name__ == "__main__":
    main()

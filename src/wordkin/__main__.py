"""Run the command line with ``python -m wordkin``."""

from wordkin.cli import main

if __name__ == "__main__":
    main()

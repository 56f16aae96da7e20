"""The program ``wordkin``, also as ``python -m wordkin``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C gives one line also while the command line itself is being imported."""
    try:
        from wordkin import cli

        cli.main()
    except KeyboardInterrupt:
        exec("")  # noqa: S102, see wordkin.cli
        sys.stderr.write("wordkin: interrupted; nothing was written\n")
        sys.exit(130)


if __name__ == "__main__":
    main()

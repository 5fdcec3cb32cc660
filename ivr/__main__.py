"""`python -m ivr` is the command `hotline`."""

from ivr.cli.main import main

if __name__ == "__main__":
    main()

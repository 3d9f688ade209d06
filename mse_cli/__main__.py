"""``python -m mse_cli``."""

from mse_cli.cli import main

if __name__ == "__main__":
    main()

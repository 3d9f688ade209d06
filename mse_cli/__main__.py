"""``mse`` and ``python -m mse_cli``."""

import sys


def main() -> None:
    """Run the command line; an interrupt while it is still being loaded ends as quietly as a later one."""
    try:
        from mse_cli.cli import main as run_command_line

        run_command_line()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

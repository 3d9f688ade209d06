"""``mse`` and ``python -m mse_cli``."""

import gc
import sys

# Loading modules makes many objects and no garbage: looking for some every 700 objects is a twentieth of the start-up.
OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    """Run the command line; an interrupt while it is still being loaded ends as quietly as a later one."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from mse_cli.cli import main as run_command_line

        run_command_line()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

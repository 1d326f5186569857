"""`python -m workers.imaging`: build the optional native part of the renderer, where there is a C compiler."""

from __future__ import annotations

import sys

from workers.imaging import native


def main() -> None:
    """Build, and say how it went; never fails, because it is optional."""
    made = native.build()
    works = made is not None and native.load(made) is not None
    sys.stdout.write(f"native renderer: {made}\n" if works else "native renderer: not built; OpenColorIO is used\n")


if __name__ == "__main__":
    main()

"""How the Python that runs this was built, and whether a node should run on it.

Also a program, `python -I admin/python_build.py`: the Makefile asks every Python it finds with it, of any version and
before anything is installed. Exit code 0 says that this one serves well, 1 that another is to be preferred.
"""

import platform
import sys
import sysconfig


def is_optimised() -> bool:
    """Whether it was compiled by the profile of a run: without, the same work takes a quarter to a half more CPU.
    Distributions do so, and the official images; what pyenv compiles is not, unless told to."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return sys.base_prefix == "/usr" or "--enable-optimizations" in arguments


def describe() -> str:
    """Return it in words."""
    return f"{platform.python_version()}, built {'with' if is_optimised() else 'without'} optimisations"


def _serves_well() -> bool:
    try:
        import ensurepip  # noqa: F401 (Debian has it in a package of its own; no virtual environment without)
    except ImportError:
        return False
    return sys.version_info >= (3, 11) and is_optimised()


if __name__ == "__main__":
    sys.exit(not _serves_well())

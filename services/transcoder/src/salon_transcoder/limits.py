"""What this process may take of the machine: it decodes what strangers send."""

import ctypes
import os
import resource
import signal

NICENESS = 5
"""Packets come first."""
ADDRESS_SPACE_BYTES = 2 << 30
_PR_SET_PDEATHSIG = 1


def limit_this_process() -> None:
    """Lower priority, no core file, bounded memory, and an end as soon as the process that started it ends (Linux)."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = ADDRESS_SPACE_BYTES if hard == resource.RLIM_INFINITY else min(hard, ADDRESS_SPACE_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")

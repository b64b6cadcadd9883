"""A network of the runner's own: loopback, and one address that is not, as a machine on a network has.

libnice (GStreamer) and Firefox do not use loopback, and nothing of a run is to leave the machine.
"""

import os
import shutil
import subprocess
import sys

MARK = "SALON_CLIENTS_NAMESPACE"
ADDRESS = "192.0.2.1"
"""From the block for documentation, which nobody has."""
PAIR = "link add salon0 type veth peer name salon1"


def enter() -> str:
    """Starts this program again in the namespace and does not come back; else says why that cannot be."""
    if MARK in os.environ:
        return ""
    unshare = [shutil.which("unshare") or "unshare", "--net"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    if shutil.which(unshare[0]) is None or shutil.which("ip") is None:
        return "unshare and ip are not there"
    tried = subprocess.run([*unshare, "ip", *PAIR.split()], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"no network namespace can be made: {(tried.stderr.strip() or 'refused').splitlines()[-1]}"
    os.execvpe(  # noqa: S606
        unshare[0], [*unshare, sys.executable, "-m", "tests.clients", *sys.argv[1:]], {**os.environ, MARK: ADDRESS}
    )


def is_inside() -> bool:
    return MARK in os.environ


def set_up() -> None:
    """Inside: gives the namespace its addresses."""
    for command in (
        "link set lo up", PAIR, f"address add {ADDRESS}/24 dev salon0", "link set salon0 up", "link set salon1 up",
    ):  # fmt: skip
        subprocess.run(["ip", *command.split()], check=True, capture_output=True, timeout=10)

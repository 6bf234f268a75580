# SPDX-License-Identifier: Apache-2.0
"""One congestion control for everybody that is measured: ours, the source, the rival, the peer. BBR, the default of some
systems, paces on loopback as well: a third of CUBIC's rate at four times the processor, which no network between two machines
costs, and which falls on whoever sends."""
import contextlib
import pathlib

SYSTEM = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
USUAL = "cubic"


_had = None  # by the others, in the last run


def of_others():
    """What everybody but Sluice had when it was last measured, else what they would have."""
    return _had or SYSTEM.read_text().strip()


@contextlib.contextmanager
def same_for_everybody(name=USUAL):
    """New and accepted connections of this network namespace have `name` meanwhile, and after it what they had before; ""
    leaves them alone. Without the right to set it, says what the others have."""
    global _had
    before = SYSTEM.read_text().strip()
    if name and name != before:
        try:
            SYSTEM.write_text(name)
        except OSError as error:
            print(f"{SYSTEM} cannot be set ({error}): Sluice has {name}, everybody else {before}", flush=True)
            name = ""
    _had = name or before
    try:
        yield
    finally:
        if name:
            SYSTEM.write_text(before)

"""Checks of the machine: clock, limits, memory, processor."""

import re
from collections.abc import Iterator
from typing import Final

from openoutcry.daemon.doctor.finding import Finding, Subject, error, ok, unknown, warning
from openoutcry.daemon.doctor.probe import Probe

OFFSET_US: Final = 50_000
ERROR_US: Final = 1_000_000
DRIFT_US: Final = 2_000
FILES: Final = 4096
_TIME_SERVICES: Final = ("chronyd", "ntpd", "systemd-timesyncd", "openntpd")


def clock(probe: Probe, _: Subject) -> Iterator[Finding]:
    """Stamps are compared with the venue's; a wrong clock makes fresh data look stale."""
    remedy = "run one time service: `systemctl enable --now systemd-timesyncd`, or chrony"
    found = probe.clock()
    if found is None:
        yield unknown("clock", "the system does not say whether the clock is synchronised")
    elif not found.synchronised:
        tracking = probe.run(("chronyc", "tracking"))
        if tracking is not None and re.search(r"Leap status\s*:\s*Normal", tracking[1]):
            yield ok("clock", "chrony keeps the clock, without telling the kernel")
        else:
            yield warning("clock", "no time service keeps the clock", remedy)
    elif abs(found.offset_us) > OFFSET_US or found.error_us > ERROR_US:
        what = f"the clock is off by {found.offset_us} µs, give or take {found.error_us} µs"
        yield error("clock", what, "wait until it has settled; `timedatectl timesync-status`")
    else:
        yield ok("clock", f"synchronised, off by {found.offset_us} µs")
    drift = probe.drift_us()
    if abs(drift) > DRIFT_US:
        what = f"the clock jumped by {drift:.0f} µs within a tenth of a second"
        yield error(
            "clock step", what, "let the time service slew instead of step (chrony: makestep)"
        )
    services = [s for s in _TIME_SERVICES if _runs(probe, s)]
    if len(services) > 1:
        yield warning("clock", f"{' and '.join(services)} both set the clock", "stop all but one")


def _runs(probe: Probe, name: str) -> bool:
    done = probe.run(("pgrep", "-x", name[:15]))  # the kernel keeps 15 characters
    return done is not None and done[0] == 0


def limits(probe: Probe, _: Subject) -> Iterator[Finding]:
    """Descriptors for connections, memory that may be locked, no core files with keys in them."""
    files = probe.limit("nofile")
    if files is not None and 0 <= files < FILES:
        remedy = f"LimitNOFILE={FILES} in the unit, or `ulimit -n {FILES}`"
        yield warning("open files", f"at most {files} files may be open", remedy)
    else:
        yield ok("open files", "no limit" if files in (None, -1) else f"{files} may be open")
    core = probe.limit("core")
    if core:
        remedy = "LimitCORE=0 in the unit, or `ulimit -c 0`"
        yield warning("core files", "a crash may write memory, with keys in it, to disk", remedy)
    else:
        yield ok("core files", "a crash writes no memory to disk")
    locked = probe.limit("memlock")
    if locked is not None and 0 <= locked < 64 << 10:
        remedy = "LimitMEMLOCK=64M in the unit"
        yield warning("locked memory", f"only {locked} bytes may be locked", remedy)


def memory(probe: Probe, _: Subject) -> Iterator[Finding]:
    """Swap makes pauses of seconds, and writes keys to a disk."""
    text = probe.text("/proc/meminfo")
    if text is None:
        yield unknown("memory", "the system does not say how much memory there is")
        return
    sizes = {row[0]: int(row[1]) for row in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    used = sizes.get("SwapTotal", 0) - sizes.get("SwapFree", 0)
    if sizes.get("SwapTotal", 0):
        what = f"swap is on, {used >> 10} MB of it used"
        yield warning("swap", what, "`swapoff -a`, or MemorySwapMax=0 in the unit")
    else:
        yield ok("swap", "off")
    free = sizes.get("MemAvailable", 0)
    if free < 512 << 10:
        yield warning("memory", f"{free >> 10} MB are available", "stop something, or add memory")
    else:
        yield ok("memory", f"{free >> 10} MB are available")


def processor(probe: Probe, _: Subject) -> Iterator[Finding]:
    """A processor that sleeps deeply or clocks down adds latency to the first frame after a pause."""
    governor = probe.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if governor is None:
        yield unknown("processor", "the system does not say how it is clocked")
    elif governor.strip() not in ("performance", "schedutil"):
        remedy = "`cpupower frequency-set -g performance`"
        yield warning("processor", f"the governor is {governor.strip()}", remedy)
    else:
        yield ok("processor", f"the governor is {governor.strip()}")

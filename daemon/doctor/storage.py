"""Checks of disks, files and what is kept in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from openoutcry.daemon.doctor.finding import Finding, Subject, error, ok, unknown, warning
from openoutcry.daemon.doctor.probe import Probe
from openoutcry.daemon.secrets import places, variable_of

FSYNCS: Final = 20
SLOW_US: Final = 10_000.0
TOO_FAST_US: Final = 5.0
LEAST_PERCENT: Final = 5
LEAST_BYTES: Final = 1 << 30
_NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs")
_VOLATILE: Final = ("tmpfs", "ramfs", "devtmpfs")


def disk(probe: Probe, subject: Subject) -> Iterator[Finding]:
    """Room, kind of file system, and what a sync costs: every order waits for one."""
    folder = _existing(probe, subject.state_dir)
    if folder is None:
        return
    room = probe.room(folder)
    if room is None:
        yield unknown("disk", f"nobody says how much room {folder} has")
    elif room.free < LEAST_BYTES or room.free * 100 < room.size * LEAST_PERCENT:
        what = f"{room.free >> 20} MB of {room.size >> 20} MB are free at {folder}"
        yield warning(
            "disk", what, "free space, or `outcry journal compact STATE_DIR` while stopped"
        )
    else:
        yield ok("disk", f"{room.free >> 20} MB are free at {folder}")
    yield from _file_system(probe, folder)
    times = probe.fsync_us(folder, FSYNCS)
    if isinstance(times, str):
        remedy = "the daemon needs a writable state directory: check its owner, mode and mount"
        yield error("fsync", f"cannot write to {folder}: {times}", remedy)
        return
    times = sorted(times)
    median, worst = times[len(times) // 2], times[-1]
    what = f"{median:.0f} µs, at worst {worst:.0f} µs, of {len(times)}"
    if median > SLOW_US:
        yield warning("fsync", what, 'use a disk with a protected cache, or durability = "group"')
    elif median < TOO_FAST_US:
        yield warning("fsync", f"{what}: too fast to be true", "use a disk that really syncs")
    else:
        yield ok("fsync", what)


def _existing(probe: Probe, folder: Path | None) -> Path | None:
    """The folder, or the nearest one above it that is there."""
    while folder is not None and probe.file(folder) is None and folder != folder.parent:
        folder = folder.parent
    return folder


def _file_system(probe: Probe, folder: Path) -> Iterator[Finding]:
    mounts = probe.text("/proc/self/mountinfo")
    kind, options = file_system(mounts or "", folder)
    if not kind:
        yield unknown("file system", f"nobody says what {folder} lies on")
    elif kind in _NETWORK or kind.startswith("fuse"):
        what = f"{folder} is on {kind}: locks and syncs over a network are not to be relied on"
        yield error("file system", what, "put the state directory on a disk of this machine")
    elif kind in _VOLATILE:
        yield error("file system", f"{folder} is on {kind}: gone after a restart", "use a disk")
    elif kind == "overlay":
        what = f"{folder} is in a container's own layer, which goes with the container"
        yield warning("file system", what, "mount a volume for the state directory")
    elif "nobarrier" in options or "barrier=0" in options:
        what = f"{folder} is mounted without barriers: a power cut can lose what was synced"
        yield error("file system", what, "remount without nobarrier")
    else:
        yield ok("file system", f"{folder} is on {kind}")


def file_system(mountinfo: str, folder: Path) -> tuple[str, tuple[str, ...]]:
    """Kind and options of the file system of a folder, from `/proc/self/mountinfo`."""
    best = -1
    found: tuple[str, tuple[str, ...]] = ("", ())
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, more = left.split(), right.split()
        if len(fields) < 6 or len(more) < 3:
            continue
        point = Path(fields[4].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), (more[0], (*fields[5].split(","), *more[2].split(",")))
    return found


def permissions(probe: Probe, subject: Subject) -> Iterator[Finding]:
    """State and credentials are their owner's; a config is written by its owner only."""
    wrong: list[tuple[Path, str, str]] = []
    state = subject.state_dir
    if state is not None:
        inside = ("", "lock", "journal", "journal/data.mdb", "snapshots", "tape", "alerts.json")
        wrong += [each for name in inside if (each := _open(probe, state / name, 0o077))]
    if subject.config_file is not None:
        wrong += filter(None, [_open(probe, subject.config_file, 0o022)])
    for name in credential_names(subject):
        for place, private in places(name, subject.environ):
            if private:
                wrong += filter(None, [_open(probe, place, 0o077)])
    for path, what, mode in wrong:
        yield error("permissions", f"{path} {what}", f"`chmod {mode} {path}` as its owner")
    if not wrong:
        yield ok("permissions", "state, config and credentials are their owner's")


def _open(probe: Probe, path: Path, mask: int) -> tuple[Path, str, str] | None:
    found = probe.file(path)
    if found is None:
        return None
    better = f"{found.mode & ~mask:04o}"
    if found.mode & mask:
        verb = "read" if mask & 0o044 else "change"
        return path, f"has mode {found.mode:04o}: others may {verb} it", better
    if found.uid not in (probe.uid(), 0):
        return path, f"belongs to user {found.uid}, not to {probe.uid()}", better
    return None


def credential_names(subject: Subject) -> list[str]:
    """Every credential that a config names."""
    if subject.config is None:
        return []
    alerts = subject.config.alerts
    channels = (*alerts.webhooks, *alerts.emails, *alerts.commands)
    return [
        value
        for channel in channels
        for key in channel.__struct_fields__
        if key.endswith("_credential") and isinstance(value := getattr(channel, key), str)
    ]


def credentials(probe: Probe, subject: Subject) -> Iterator[Finding]:
    """Every credential that the config names is somewhere, best not in the environment."""
    for name in credential_names(subject):
        files = [p for p, _ in places(name, subject.environ) if probe.file(p) is not None]
        if files:
            yield ok("credentials", f"{name} is in {files[0]}")
        elif variable_of(name) in subject.environ:
            what = f"{name} is in the environment, which others may see"
            yield warning(
                "credentials", what, "LoadCredential= in the unit, or a file of mode 0600"
            )
        else:
            where = places(name, subject.environ)[-1][0]
            yield error("credentials", f"there is no credential {name}", f"write it to {where}")


def state(probe: Probe, subject: Subject) -> Iterator[Finding]:
    """Who has the state directory, and whether the journal's end is whole."""
    if subject.state_dir is None:
        return
    how, pid = probe.owner(subject.state_dir)
    if how == "held":
        yield ok("lock", f"process {pid} trades with {subject.state_dir}")
    elif how == "left":
        what = f"process {pid} was killed while it had {subject.state_dir}"
        yield warning("lock", what, "nothing to clear: the next start recovers; the log says why")
    else:
        yield ok("lock", f"nobody has {subject.state_dir}")
    tail = probe.journal(subject.state_dir)
    if tail is None:
        yield ok("journal", "there is none yet")
    elif tail.problem:
        remedy = "keep a copy of the state directory, then `outcry journal verify STATE_DIR`"
        yield error("journal", tail.problem, remedy)
    else:
        yield ok(
            "journal", f"the last {tail.records:,} records are whole, up to input {tail.seq:,}"
        )


def catalog(probe: Probe, subject: Subject) -> Iterator[Finding]:
    """Whether the config's data can be read."""
    if subject.catalog is None:
        return
    problem = probe.catalog(subject.catalog)
    if problem:
        yield error("catalog", problem, "`outcry data check CATALOG`")
    else:
        yield ok("catalog", f"{subject.catalog} can be read")

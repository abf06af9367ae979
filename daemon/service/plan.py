"""What `outcry service install` and `uninstall` do, as a list that can be shown before it is done."""

from pathlib import Path
from typing import NamedTuple

from openoutcry.daemon.service.places import Places
from openoutcry.daemon.service.unit import filled, unit_text


class Folder(NamedTuple):
    """Make a folder, unless it is there."""

    path: Path
    mode: int

    def __str__(self) -> str:
        return f"make {self.path}, mode {self.mode:04o}"


class Write(NamedTuple):
    """Write a file; `keep` leaves one alone that is there."""

    path: Path
    text: str
    keep: bool = False

    def __str__(self) -> str:
        return f"write {self.path}" + (", unless it is there" if self.keep else "")


class Remove(NamedTuple):
    """Remove a file, if it is there."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"


class Run(NamedTuple):
    """Run a program; `must` says whether a failure ends the plan."""

    argv: tuple[str, ...]
    must: bool = True

    def __str__(self) -> str:
        return f"run {' '.join(self.argv)}"


Step = Folder | Write | Remove | Run


class Plan(NamedTuple):
    """Steps in order, and what to tell when they are done, under a title."""

    steps: tuple[Step, ...]
    title: str
    notes: tuple[str, ...]


def install(places: Places, outcry: Path) -> Plan:
    """Put the unit, the account's user and an example config in place; nothing is started."""
    steps: list[Step] = [Write(places.unit_file, unit_text(outcry, user=places.user))]
    if places.sysusers_file is not None:
        steps += [
            Write(places.sysusers_file, filled("sysusers.conf", places)),
            Run(("systemd-sysusers", str(places.sysusers_file))),
        ]
    steps += [
        Folder(places.config, 0o755),
        Write(places.config_file, filled("example.toml", places), keep=True),
        Folder(places.credentials, 0o700),
    ]
    if places.user:
        steps.append(Folder(places.state, 0o700))
    steps.append(Run((*places.manager, "daemon-reload")))
    manager = " ".join(places.manager)
    scope = " --user" if places.user else ""
    synth = f"outcry data synth {places.catalog} --days 1 --instrument BTCUSDT.SYNTH"
    todo = [
        f"{synth}   # what the example config reads; or import data of your own",
        f"outcry check {places.config_file}",
        f"{manager} enable --now {places.instance}",
        f"outcry service status {places.account}{scope}",
        f"{' '.join(places.log)} --follow",
    ]
    if places.user:
        todo.append("loginctl enable-linger   # or it ends when you log out")
    return Plan(tuple(steps), "next", tuple(todo))


def uninstall(places: Places, *, last: bool) -> Plan:
    """Stop the service and take away what `install` wrote, but neither state nor config nor user.

    Args:
        places: Of the account.
        last: No other account uses the template unit.
    """
    steps: list[Step] = [Run((*places.manager, "disable", "--now", places.instance), must=False)]
    if places.sysusers_file is not None:
        steps.append(Remove(places.sysusers_file))
    if last:
        steps.append(Remove(places.unit_file))
    steps.append(Run((*places.manager, "daemon-reload")))
    kept = [
        f"state: {places.state}",
        f"config: {places.config}",
        f"credentials: {places.credentials}",
    ]
    if not places.user:
        user = f"openoutcry-{places.account}"
        kept.append(f"user: {user}; `userdel {user}` when the state is gone")
    return Plan(tuple(steps), "kept", tuple(kept))


def others(places: Places) -> list[str]:
    """Other accounts, which need the template unit too."""
    if places.sysusers is None:
        found = [path.parent.name for path in places.config.parent.glob("*/outcry.toml")]
    else:
        files = places.sysusers.glob("openoutcry-*.conf")
        found = [path.stem.removeprefix("openoutcry-") for path in files]
    return sorted(name for name in found if name != places.account)

"""The doctor: in a world of its own, each finding and its boundary; in the real one, that he comes through."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.doctor.finding import Finding, Subject, Weight, run
from openoutcry.daemon.doctor.installation import CHECKS
from openoutcry.daemon.doctor.probe import Clock, FileFacts, JournalTail, RealProbe, Room
from openoutcry.daemon.doctor.storage import file_system
from tests.state.journal_kit import Watch, filled, opened, write

STATE = Path("/var/lib/openoutcry/main")
CONFIG = Path("/etc/openoutcry/main.toml")
HOME = Path("/root-of-test")
MOUNTS = "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"


class World:
    """A machine on which all is well, until a test says otherwise."""

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.files: dict[Path, FileFacts] = {
            STATE: FileFacts(0o700, 0, is_folder=True),
            STATE / "journal": FileFacts(0o700, 0, is_folder=True),
            STATE / "lock": FileFacts(0o600, 0, is_folder=False),
            CONFIG: FileFacts(0o644, 0, is_folder=False),
            **changes.get("files", {}),
        }
        self.texts = {
            "/proc/meminfo": "MemAvailable: 4000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
            "/proc/self/mountinfo": MOUNTS,
            "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
            **changes.get("texts", {}),
        }

    def get(self, name: str, usual: Any) -> Any:
        return self.changes.get(name, usual)

    def text(self, path: str) -> str | None:
        return self.texts.get(path)

    def file(self, path: Path) -> FileFacts | None:
        return self.files.get(path)

    def uid(self) -> int:
        return 0

    def clock(self) -> Clock | None:
        found: Clock | None = self.get("clock", Clock(True, 100, 5_000))
        return found

    def drift_us(self) -> float:
        return float(self.get("drift", 3.0))

    def room(self, path: Path) -> Room | None:
        found: Room | None = self.get("room", Room(50 << 30, 100 << 30))
        return found

    def fsync_us(self, folder: Path, tries: int) -> list[float] | str:
        found: list[float] | str = self.get("fsync", [100.0] * tries)
        return found

    def limit(self, name: str) -> int | None:
        found: int | None = self.get(name, {"nofile": 65536, "memlock": 8 << 20, "core": 0}[name])
        return found

    def run(self, argv: Sequence[str]) -> tuple[int, str] | None:
        found: tuple[int, str] | None = self.get("programs", {}).get(" ".join(argv))
        return found

    def versions(self) -> dict[str, str]:
        return {"python": "3.11.7", "openoutcry": "1.0", "engine": self.get("engine", "1.0")}

    def zone(self, name: str) -> bool:
        return name not in self.get("zones", ())

    def address_taken(self, host: str, port: int) -> str:
        assert (host, port) == ("127.0.0.1", 9464)
        return str(self.get("taken", ""))

    def owner(self, state_dir: Path) -> tuple[str, int]:
        found: tuple[str, int] = self.get("owner", ("free", 0))
        return found

    def journal(self, state_dir: Path) -> JournalTail | None:
        found: JournalTail | None = self.get("journal", JournalTail(1000, 17, ""))
        return found

    def catalog(self, folder: Path) -> str:
        return str(self.get("catalog", ""))


CONFIG_TEXT = """
[run]
name = "x"
[[venues]]
name = "SIM"
balances = { USDT = "1" }
[[feeds]]
instrument = "BTCUSDT.SIM"
kinds = ["quote"]
[[strategies]]
id = "a"
type = "ema_cross"
[metrics]
enabled = true
[[alerts.webhooks]]
name = "hook"
url_credential = "hook_url"
"""


@pytest.fixture
def subject(tmp_path):
    file = tmp_path / "outcry.toml"
    file.write_text(CONFIG_TEXT)
    environ = {"HOME": str(HOME)}
    return Subject(
        config=load(file).config, config_file=CONFIG, catalog=Path("/data"), state_dir=STATE,
        environ=environ,
    )  # fmt: skip


CREDENTIAL = HOME / ".config/openoutcry/credentials/hook_url"
PRIVATE = FileFacts(0o600, 0, is_folder=False)


def examine(subject: Subject, **changes: Any) -> list[Finding]:
    changes["files"] = {CREDENTIAL: PRIVATE, **changes.get("files", {})}
    return list(run(CHECKS, World(**changes), subject))


def troubles(subject: Subject, **changes: Any) -> list[tuple[str, str]]:
    found = examine(subject, **changes)
    assert all(f.remedy for f in found if f.weight in (Weight.WARNING, Weight.ERROR))
    return [(f.weight.value, f.check) for f in found if f.weight is not Weight.OK]


def test_a_good_machine_gets_no_finding(subject):
    assert troubles(subject) == []
    found = {f.check for f in examine(subject)}
    assert {"clock", "fsync", "file system", "lock", "journal", "catalog", "ports"} <= found


def swap(total: int, free: int, available: int = 4_000_000) -> dict[str, Any]:
    text = f"MemAvailable: {available} kB\nSwapTotal: {total} kB\nSwapFree: {free} kB\n"
    return {"texts": {"/proc/meminfo": text}}


def mount(kind: str, options: str = "rw") -> dict[str, Any]:
    line = f"30 24 8:2 / /var/lib {options} - {kind} /dev/x {options}\n"
    return {"texts": {"/proc/self/mountinfo": MOUNTS + line}}


UNIT = "/etc/systemd/system/openoutcry@.service"
SECURITY = f"systemd-analyze security --offline=true {UNIT}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"engine": "0.9"}, ("error", "versions")),
        ({"zones": ("Asia/Tokyo",)}, ("error", "time zones")),
        ({"clock": None}, ("unknown", "clock")),
        ({"clock": Clock(False, 0, 0)}, ("warning", "clock")),
        ({"clock": Clock(True, -50_001, 0)}, ("error", "clock")),
        ({"clock": Clock(True, 0, 1_000_001)}, ("error", "clock")),
        ({"drift": -2001.0}, ("error", "clock step")),
        ({"programs": {"pgrep -x chronyd": (0, "1"), "pgrep -x systemd-timesyn": (0, "2")}}, ("warning", "clock")),
        ({"nofile": 4095}, ("warning", "open files")),
        ({"core": -1}, ("warning", "core files")),
        ({"memlock": 65_535}, ("warning", "locked memory")),
        (swap(1000, 1000), ("warning", "swap")),
        (swap(0, 0, available=500_000), ("warning", "memory")),
        ({"texts": {"/proc/meminfo": None}}, ("unknown", "memory")),
        ({"texts": {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave"}}, ("warning", "processor")),
        ({"room": Room((1 << 30) - 1, 2 << 30)}, ("warning", "disk")),
        ({"room": Room(4 << 30, 100 << 30)}, ("warning", "disk")),
        ({"room": None}, ("unknown", "disk")),
        ({"fsync": [10_001.0] * 20}, ("warning", "fsync")),
        ({"fsync": [4.0] * 20}, ("warning", "fsync")),
        ({"fsync": "Read-only file system"}, ("error", "fsync")),
        (mount("nfs4"), ("error", "file system")),
        (mount("fuse.sshfs"), ("error", "file system")),
        (mount("tmpfs"), ("error", "file system")),
        (mount("overlay"), ("warning", "file system")),
        (mount("ext4", "rw,nobarrier"), ("error", "file system")),
        ({"texts": {"/proc/self/mountinfo": None}}, ("unknown", "file system")),
        ({"files": {STATE: FileFacts(0o750, 0, is_folder=True)}}, ("error", "permissions")),
        ({"files": {STATE / "lock": FileFacts(0o640, 0, is_folder=False)}}, ("error", "permissions")),
        ({"files": {STATE: FileFacts(0o700, 1000, is_folder=True)}}, ("error", "permissions")),
        ({"files": {CONFIG: FileFacts(0o664, 0, is_folder=False)}}, ("error", "permissions")),
        ({"files": {CREDENTIAL: FileFacts(0o644, 0, is_folder=False)}}, ("error", "permissions")),
        ({"files": {CREDENTIAL: None}}, ("error", "credentials")),
        ({"owner": ("left", 17)}, ("warning", "lock")),
        ({"journal": JournalTail(3, 1, "record 4: its checksum is wrong")}, ("error", "journal")),
        ({"catalog": "no instruments"}, ("error", "catalog")),
        ({"taken": "Address already in use"}, ("warning", "ports")),
        ({"texts": {UNIT: "[Unit]"}, "programs": {SECURITY: (0, "→ Overall exposure level for x: 1.6 OK")}}, ("warning", "unit")),
        ({"texts": {UNIT: "[Unit]"}}, ("unknown", "unit")),
    ],
)  # fmt: skip
def test_each_trouble_is_found_alone_with_its_remedy(subject, changes, expected):
    assert troubles(subject, **changes) == [expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"clock": Clock(True, 50_000, 1_000_000)},
        {"clock": Clock(False, 0, 0), "programs": {"chronyc tracking": (0, "Leap status     : Normal\n")}},
        {"nofile": 4096},
        {"nofile": -1},
        {"memlock": -1},
        {"room": Room(5 << 30, 100 << 30)},
        {"fsync": [10_000.0] * 20},
        {"owner": ("held", 17), "taken": "Address already in use"},
        {"journal": None},
        {"texts": {UNIT: "[Unit]"}, "programs": {SECURITY: (0, "→ Overall exposure level for x: 1.5 OK")}},
    ],
)  # fmt: skip
def test_nothing_is_found_at_a_limit(subject, changes):
    assert troubles(subject, **changes) == []


def test_a_credential_in_the_environment_is_a_warning(subject):
    import msgspec

    environ = {"HOME": str(HOME), "OPENOUTCRY_CREDENTIAL_HOOK_URL": "x" * 20}
    other = msgspec.structs.replace(subject, environ=environ)
    found = troubles(other, files={CREDENTIAL: None})
    assert found == [("warning", "credentials")]
    assert "x" * 20 not in repr(examine(other, files={CREDENTIAL: None}))


def test_a_state_directory_that_is_still_to_be_made_is_judged_by_where_it_will_be(subject):
    world = World(files={Path("/var"): FileFacts(0o755, 0, is_folder=True), CREDENTIAL: PRIVATE})
    world.files = {p: f for p, f in world.files.items() if not p.is_relative_to(STATE)}
    found = [f for f in run(CHECKS, world, subject) if f.weight is not Weight.OK]
    assert found == []


def test_the_nearest_mount_counts():
    text = MOUNTS + "30 24 0:5 / /var/lib/a\\040b rw - tmpfs tmpfs rw\nnonsense\n"
    assert file_system(text, Path("/var/lib/a b/c"))[0] == "tmpfs"
    assert file_system(text, Path("/var/lib/a"))[0] == "ext4"
    assert file_system("", Path("/var")) == ("", ())


# --- the real world -----------------------------------------------------------------------------


def doctor(capsys, *words: object) -> tuple[int, dict[str, Any]]:
    code = cli.main(["doctor", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_real_machine_is_examined(capsys, tmp_path):
    state = filled(tmp_path / "state", 20)
    config = tmp_path / "outcry.toml"
    config.write_text(CONFIG_TEXT.replace("hook_url", "no_such_credential_here"))
    config.chmod(0o644)
    code, document = doctor(capsys, "--state-dir", state, "--config", config)
    checks = {f["check"]: f for f in document["findings"]}
    assert checks["versions"]["weight"] == "ok"
    assert checks["journal"]["what"] == "the last 21 records are whole, up to input 20"
    assert checks["permissions"]["weight"] == "ok"
    assert checks["fsync"]["weight"] in ("ok", "warning")
    assert checks["credentials"]["weight"] == "error"
    assert (code, document["ok"]) == (3, False)
    assert not [p for p in state.iterdir() if p.name.startswith(".doctor")]


def test_a_damaged_journal_and_a_running_daemon_are_seen(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "state", watch)
    write(journal, watch, 1, 5)
    probe = RealProbe()
    assert probe.owner(tmp_path / "state")[0] == "held"
    journal.close()
    assert probe.owner(tmp_path / "state") == ("free", 0)
    file = tmp_path / "state" / "journal" / "data.mdb"
    file.write_bytes(file.read_bytes().replace(b"TimerFired", b"TimerFixed", 1))
    tail = probe.journal(tmp_path / "state")
    assert tail is not None
    assert "checksum" in tail.problem


def test_people_get_lines_with_remedies(capsys):
    code = cli.main(["doctor"])
    out = capsys.readouterr().out
    assert code in (0, 3)
    assert "ok       versions: python 3." in out
    assert out.splitlines()[-1].endswith("warnings")

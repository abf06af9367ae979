"""The commands of `outcry`: one file per group, each with its options, examples and code."""

from typing import Final

from openoutcry.daemon.command import Command
from openoutcry.daemon.commands import (
    alerts,
    bugreport,
    check,
    control,
    data,
    data_import,
    doctor,
    init,
    journal,
    new,
    replay,
    run,
)

COMMANDS: Final[dict[str, Command]] = {
    command.name: command
    for command in (
        init.INIT,
        new.STRATEGY,
        check.CHECK,
        replay.REPLAY,
        run.RUN,
        data_import.IMPORT,
        data.LS,
        data.CHECK,
        data.SYNTH,
        journal.VERIFY,
        journal.SHOW,
        journal.TAIL,
        journal.EXPORT,
        journal.COMPACT,
        journal.BACKUP,
        journal.RESTORE,
        control.KEYGEN,
        alerts.TEST,
        doctor.DOCTOR,
        bugreport.BUGREPORT,
    )
}
"""By name, in the order in which help lists them."""

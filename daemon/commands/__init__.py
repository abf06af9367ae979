"""The commands of `outcry`: one file per group, each with its options, examples and code."""

from typing import Final

from openoutcry.daemon.command import Command
from openoutcry.daemon.commands import (
    alerts,
    bugreport,
    check,
    compare,
    control,
    data,
    data_import,
    doctor,
    init,
    journal,
    look,
    new,
    parity,
    replay,
    run,
    steer,
    tail,
    trade,
)

COMMANDS: Final[dict[str, Command]] = {
    command.name: command
    for command in (
        init.INIT,
        new.STRATEGY,
        check.CHECK,
        replay.REPLAY,
        run.RUN,
        parity.PARITY,
        compare.COMPARE,
        look.STATUS,
        look.POSITIONS,
        look.ORDERS,
        look.FILLS,
        look.BALANCES,
        look.STRATEGIES,
        look.RISK,
        look.WHY,
        tail.TAIL,
        steer.HALT,
        steer.RESUME,
        steer.PAUSE,
        steer.CANCEL_ALL,
        steer.FLATTEN,
        trade.ORDER,
        steer.CANCEL,
        trade.SET_LIMIT,
        trade.RELOAD,
        steer.SNAPSHOT,
        steer.STOP,
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

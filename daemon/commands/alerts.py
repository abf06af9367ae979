"""`outcry alerts test`: whether the channels work, before they are needed."""

from argparse import Namespace

from openoutcry.daemon.command import Command, Option, UsageError, path
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode


def run(args: Namespace, console: Console) -> int:
    """Send a test notice through each channel, one after the other."""
    import os
    import time

    from openoutcry.daemon.alerts.alert import Kind, Notice, Severity
    from openoutcry.daemon.alerts.channels import make_channels
    from openoutcry.daemon.config_loader import load
    from openoutcry.daemon.masking import PROCESS
    from openoutcry.daemon.secrets import Credentials
    from openoutcry.state.errors import DeliveryError

    config = load(args.config).config
    credentials = Credentials(dict(os.environ), PROCESS)
    channels = make_channels(config.alerts, credentials, PROCESS, os.environ)
    chosen = [c for c in channels if args.channel in (None, c.name)]
    if not chosen:
        names = ", ".join(c.name for c in channels) or "none"
        raise UsageError("there is no such channel", remedy=f"the config has {names}")
    notice = Notice(
        kind=Kind.TEST,
        severity=Severity.INFO,
        summary="this is a test; nothing is wrong",
        seen=f"{config.run.mode.value.upper()} {config.run.name}",
        ts=time.time_ns(),
    )
    failed: dict[str, str] = {}
    for channel in chosen:
        try:
            channel.send(notice)
        except DeliveryError as error:
            failed[channel.name] = error.message
        if not console.json:
            word = "failed" if channel.name in failed else "delivered"
            console.result(f"{channel.name}: {failed.get(channel.name, word)}")
    if console.json:
        rows = [{"channel": c.name, "error": failed.get(c.name)} for c in chosen]
        console.document({"ok": not failed, "channels": rows})
    return ExitCode.CHECK_FAILED if failed else 0


TEST = Command(
    name="alerts test",
    summary="Send a test notice through the alert channels",
    description=(
        "Sends a notice that says it is a test through each channel of the config, whatever its least "
        "severity, and waits for the answer. Exit 3 when one did not take it. No daemon needs to run."
    ),
    options=(
        Option("CONFIG", "The config file (TOML).", path, "CONFIG"),
        Option("--channel", "Only this one.", str, "NAME"),
    ),
    examples=(("outcry alerts test outcry.toml", "All channels."),),
    run=run,
)

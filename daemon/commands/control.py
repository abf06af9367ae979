"""`outcry control keygen`: a key for the control socket."""

from argparse import Namespace

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console


def run_keygen(args: Namespace, console: Console) -> int:
    """Draw a key pair, write it, print its public half."""
    from openoutcry.daemon.control.keys import make_key_pair

    pair = make_key_pair(args.file)
    if console.json:
        console.document({"file": str(args.file), "public_key": pair.public})
    else:
        console.result(pair.public)
        console.note(f"{args.file}: the secret key, for nobody else; {args.file}.pub: to give away")
    return 0


KEYGEN = Command(
    name="control keygen",
    summary="Make a key for a daemon or a client on another machine",
    description=(
        "Draws a CURVE key pair, writes it into a file that only its owner may read (0600), the public "
        "half into a second one that ends in .pub, and prints the public half. A daemon and each client "
        "need one of their own; nothing is overwritten."
    ),
    options=(Option("FILE", "The file to write.", path, "FILE"),),
    examples=(("outcry control keygen control.key", "Make control.key and control.key.pub."),),
    run=run_keygen,
)

"""What `test_tidy` allows, file by file, and why."""

# The port modules: path (or folder, with its slash) -> what it may touch, and why.
PORTS: dict[str, tuple[set[str], str]] = {
    "actors/base.py": ({"threads"}, "pykka's actor class, run by the dispatcher on one thread"),
    "actors/guard.py": (
        {"files", "threads"},
        "compares paths and threads, to know what is a strategy's own",
    ),
    "actors/inlet.py": ({"threads"}, "the live door: edge threads hand their inputs over here"),
    "replay/engine.py": (
        {"clock", "files"},
        "names the catalog; times the run, which no result holds",
    ),
    "replay/dataset.py": ({"files"}, "names the catalog and its cache"),
    "replay/paper_log.py": ({"files"}, "the paper venue's own log, outside the journal"),
    "replay/decode_ahead.py": (
        {"threads"},
        "decodes the next chunk while one is played; what it gives and when is the same without",
    ),
    "replay/synthetic_feed.py": ({"randomness"}, "as replay/synth.py"),
    "replay/tape_feed.py": ({"threads"}, "as replay/decode_ahead.py"),
    "replay/sweep.py": ({"threads"}, "shares runs among processes; each is the same anywhere"),
    "replay/importers/": ({"files"}, "reads the recordings of other programs"),
    "replay/synth.py": (
        {"files", "randomness"},
        "numpy's PCG64 gives a seed the same bits everywhere",
    ),
    "state/catalog.py": ({"files"}, "reads and writes the recorded markets"),
    "state/catalog_check.py": ({"files"}, "reads the recorded markets"),
    "state/catalog_files.py": ({"files"}, "reads and writes the recorded markets"),
    "state/column_cache.py": ({"files"}, "keeps the recorded markets decoded"),
    "state/durable_files.py": ({"files"}, "writes what must survive"),
    "state/journal.py": ({"files"}, "opens the journal of a state directory; mints its epoch"),
    "state/journal_admin.py": ({"files"}, "copies, verifies and compacts state directories"),
    "state/journal_check.py": ({"files"}, "reads the journal's file without LMDB"),
    "state/journal_env.py": ({"files"}, "opens LMDB"),
    "state/journal_lock.py": ({"files"}, "locks the state directory"),
    "state/journal_reader.py": ({"files"}, "names the state directory"),
    "state/journal_store.py": ({"files", "threads"}, "LMDB; readers keep its map from growing"),
    "state/journal_writer.py": ({"threads"}, "the journal's thread, the only one that writes"),
    "state/snapshots.py": ({"files"}, "keeps snapshots"),
    "state/tape.py": ({"clock", "files"}, "writes the tape; waits a while after a disk refused"),
    "state/tape_convert.py": ({"files"}, "makes Parquet of the tape"),
    "state/tape_files.py": ({"files"}, "names and reads the files of a tape"),
    "state/tape_reader.py": ({"files"}, "reads the tape"),
    "state/tape_threads.py": ({"files", "threads"}, "syncs and converts beside the core"),
}
# Modules in which a float would be money, or a size, or a price.
MONEY_FLOATS: dict[str, str] = {}  # path -> why a float is right there
# Where everything may be caught: the edge of a process or of an actor.
BROAD_EXCEPTS: dict[str, str] = {
    "actors/base.py": "pykka's contract: what an `ask` raises waits in the asker's future",
    "replay/sweep.py": "a run's edge: what it raised is reported in its place",
    "daemon/logs/record.py": "a value's own code may raise anything when it is logged",
    "daemon/cli.py": "the process' edge: an unexpected error becomes a message and an exit code",
    "daemon/control/desk.py": "a request's edge: a fault of the core answers it and ends nothing else",
    "daemon/control/bridge.py": "as daemon/control/desk.py, for what the core's thread answers",
    "actors/dispatcher.py": "the actors' edge: the supervisor decides what a failure means",
}

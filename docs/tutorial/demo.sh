#!/usr/bin/env bash
# The whole story on one recorded market: replay, trade on paper, look, halt, `kill -9`, come back, the same
# state, parity, compare. `make demo` runs it.
#
#     docs/tutorial/demo.sh CONFIG CATALOG FOLDER
#
# OUTCRY is the program (default: outcry), SPEED how many times as fast as real time the tape is played.
set -euo pipefail

config=$1 catalog=$2 folder=$3
outcry=${OUTCRY:-outcry}
speed=${SPEED:-60000}
state=$(cd "$folder" && pwd)/state
endpoint=ipc://$state/control/control.sock
daemon=

say() { printf '\n== %s\n' "$*"; }

ask() { "$outcry" "$1" --endpoint "$endpoint" --quiet "${@:2}"; }

begin() { # in the background, until it answers
    "$outcry" run "$config" --catalog "$catalog" --feed tape --speed "$speed" --state-dir "$state" \
        2>>"$folder/daemon.log" &
    daemon=$!
    for _ in {1..300}; do
        ask status >/dev/null 2>&1 && return
        (($? == 3)) && return # it answers that trading is halted
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    cat "$folder/daemon.log" >&2
    exit 1
}

money() { ask balances | tail -n +2; } # its first line has the time and the value of what is held

settled() { # the balances, once two looks at them are equal
    local before=
    for _ in {1..50}; do
        found=$(money)
        [[ $found == "$before" ]] && break
        before=$found
        sleep 0.3
    done
}

trap '[[ -z $daemon ]] || kill -9 "$daemon" 2>/dev/null || true' EXIT
rm -rf "$state" "$folder/daemon.log"

say "1. replay: a backtest of the recorded market"
"$outcry" replay "$config" --catalog "$catalog" --report "$folder/report.html"

say "2. the same on paper: a daemon on the same tape, $speed times as fast as real time"
begin
sleep 6
ask status || (($? == 3))

say "3. an operator halts it, and looks at the money"
ask halt --reason "the demo pulls the plug"
settled
before=$found
echo "$before"

say "4. kill -9 $daemon, and start again"
{ kill -9 "$daemon" && wait "$daemon"; } 2>/dev/null || true
begin
grep '^PAPER' "$folder/daemon.log" | tail -n 1
settled
echo "$found"
if [[ $found != "$before" ]]; then
    echo "the state is another one than before" >&2
    exit 1
fi
echo "the same state: to the last unit, and still halted"

say "5. trading goes on, then the daemon is stopped in good order"
ask resume --yes
sleep 6
ask status || (($? == 3))
kill -TERM "$daemon"
wait "$daemon"
daemon=

say "6. did it decide what a replay of its tape and journal decides?"
"$outcry" parity "$state"

say "7. and how honest was the backtest?"
"$outcry" compare "$state"

say "the report: $folder/report.html; the state of the daemon: $state"

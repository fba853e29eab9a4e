#!/bin/sh
# Records what is missing from the examples' cassettes, with the model running on this machine.
#
#   examples/record.sh                            the current variants
#   examples/record.sh --ftgate-variant=all       the whole ladders (over an hour on two cores)
#   examples/record.sh --ftgate-record=all        everything again
#
# PYTHON names the interpreter; PORT is the one in the experiments.
set -eu

cd "$(dirname "$0")"
python=${PYTHON:-python3}
log=$(mktemp)

"$python" serve_model.py --port "${PORT:-18080}" >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

tries=0
until grep -q '^READY' "$log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$log" >&2
        echo "record.sh: the model server did not start" >&2
        exit 1
    fi
    sleep 0.5
done

# Both SDKs want a key, even for a server that asks for none. Gates are left to the replay.
OPENAI_API_KEY=${OPENAI_API_KEY:-not-needed} \
ANTHROPIC_API_KEY=${ANTHROPIC_API_KEY:-not-needed} \
    "$python" -m pytest -p no:randomly --ftgate-record=new_episodes --ftgate-no-gate "$@"

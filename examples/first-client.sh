#!/bin/sh
# Makes DIR a whole old computer, points it at a server, and lets it update itself until it is up to date:
#   examples/first-client.sh http://127.0.0.1:8530 ./old-computer
set -eu
server=$1
root=$2
moult() { node "$(dirname "$0")/../packages/cli/bin/moult.js" "$@"; }

moult agent install --root "$root" --server "$server" --generation sus
moult agent run --root "$root" --now --once
moult agent status --root "$root"

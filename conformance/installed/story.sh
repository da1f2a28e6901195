#!/bin/sh
# From an empty Debian machine to an approval: installs the package, starts the service, opens the set-up link, makes an
# approver, approves with a token over HTTPS that is trusted by the operator's CA, reads the metrics, upgrades, and removes.
# It needs root, curl, and nothing of Node. Each step says what it found; the first one that fails ends it.
#   story.sh PACKAGE.deb [PORT TLS-PORT]
set -eu
package=$1
port=${2:-8530}
tls=${3:-8531}
password='Correct-Horse-7-Battery'
ca=/var/lib/moult/keys/operator-ca.cer.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { printf 'step: %s\n' "$1"; }
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}
# until_true SECONDS COMMAND...
until_true() {
  left=$(($1 * 10))
  shift
  until "$@" >"$work/last" 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "$* did not come true: $(tail -n 3 "$work/last")"
    sleep 0.1
  done
}
field() { sed -n "s/.*\"$1\": *\"\\([^\"]*\\)\".*/\\1/p" | head -n 1; }
# api METHOD PATH [BODY]: the answer, over HTTPS, with the token as bearer if there is one
api() {
  set -- "$1" "$2" "${3:-}" ${token:+-H "Authorization: Bearer $token"}
  method=$1 path=$2 body=$3
  shift 3
  curl --silent --show-error --fail-with-body --cacert "$ca" -X "$method" "https://localhost:$tls/api/v1$path" \
    -H 'Content-Type: application/json' "$@" ${body:+--data "$body"}
}

step 'the package installs'
command -v node >/dev/null && fail 'there is a Node on this machine: the package must bring its own'
dpkg -i "$package" >"$work/installed" || fail "$(cat "$work/installed")"
grep -q 'systemctl start moult' "$work/installed" || fail 'it does not say how to start the server'
moult --version
[ "$(stat -c %U:%a /var/lib/moult)" = moult:700 ] || fail '/var/lib/moult is not closed to others'
[ "$port" = 8530 ] || cat >>/etc/moult/moult.toml <<TOML
port = $port
tls-port = $tls
self-update-port = "off"
TOML

step 'the service starts, and runs as its own user'
systemctl start moult
until_true 60 curl -fsS "http://localhost:$port/readyz"
systemctl is-enabled moult
[ "$(ps -o user= -p "$(systemctl show -P MainPID moult)")" = moult ] || fail 'it does not run as moult'

step 'the set-up link makes the first account'
until_true 20 sh -c "journalctl -u moult -o cat | grep -q 'set-up#'"
link=$(journalctl -u moult -o cat | sed -n 's/.*\(http[^ ]*set-up#[^ ]*\).*/\1/p' | tail -n 1)
[ -n "$link" ] || fail 'no set-up link is in the log'
curl -fsS "http://localhost:$port/console/" | grep -q '<html' || fail 'the console does not open'
api POST /set-up "{\"secret\":\"${link#*#}\",\"name\":\"root\",\"password\":\"$password\"}" >/dev/null
api POST /set-up "{\"secret\":\"${link#*#}\",\"name\":\"other\",\"password\":\"$password\"}" >/dev/null 2>&1 && fail 'the link works twice'

step 'an approver gets a token'
printf '%s' "$password" >"$work/password"
moult users add anna --role approver --password-file "$work/password" >/dev/null
token=$(moult tokens add first --user anna 2>/dev/null)
[ -n "$token" ] || fail 'no token was made'

step 'an update is there, and is approved over HTTPS'
printf 'process.exitCode = 0;\n' >"$work/setup.mjs"
cat >"$work/update.yaml" <<'YAML'
publisher: Contoso
product: Contoso App
title: Contoso App 2.1
files: [setup.mjs]
install: { program: setup.mjs }
installed-when: { package-version: { name: contoso-app, comparison: GreaterThanOrEqualTo, version: "2.1" } }
YAML
moult publish "$work/update.yaml" >"$work/published" || fail "$(cat "$work/published")"
update=$(api GET '/updates?limit=1' | field updateId)
[ -n "$update" ] || fail 'no update is there'
api POST /approvals "{\"updates\":[\"$update\"],\"groups\":[\"All Computers\"]}" >"$work/approved" || fail "$(cat "$work/approved")"
api POST /users '{"name":"eve","role":"administrator","password":"Correct-Horse-8-Battery"}' >/dev/null 2>&1 && fail 'an approver makes administrators'
curl -fsS "https://localhost:$tls/readyz" >/dev/null 2>&1 && fail 'HTTPS is trusted without the CA of the operator'

step 'the metrics count it'
curl -fsS "http://localhost:$port/metrics" | grep -q '^moult_deployments 1$' || fail 'the metrics do not count the approval'

step 'it reloads, and comes back after its death and after an installation over itself'
systemctl reload moult
systemctl kill --signal=KILL moult
until_true 60 systemctl is-active moult
dpkg -i "$package" >"$work/again" 2>&1 || fail "$(cat "$work/again")"
until_true 60 curl -fsS "http://localhost:$port/readyz"
[ "$(api GET "/updates/$update" | field updateId)" = "$update" ] || fail 'the update is gone'
moult doctor self

step 'removal leaves the keys and the data'
dpkg -P moult >"$work/removed" 2>&1 || fail "$(cat "$work/removed")"
grep -q 'data stay in /var/lib/moult' "$work/removed" || fail 'it does not say what stays'
[ -e "$ca" ] || fail 'the keys are gone'
[ ! -e /usr/lib/moult ] && [ ! -e /etc/moult ] && ! systemctl is-active --quiet moult || fail 'something of the program is left'
printf 'all steps hold\n'

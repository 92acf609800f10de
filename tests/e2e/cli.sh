#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The verbs that need no daemon, as a person or a script runs them: exit codes, what goes to stdout and to
# stderr, what lies on disk afterwards.
set -u
tocsin=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

fail() {
    echo "FAILED: $1"
    failed=1
}
# expect EXIT WORDS...: runs, keeps out and err
expect() {
    local want=$1
    shift
    setsid -w "$tocsin" "$@" >out 2>err </dev/null # without a terminal, wherever the test is run
    local got=$?
    [ $got -eq "$want" ] || { fail "tocsin $*: exit $got, not $want"; cat out err; }
}
holds() {
    grep -qF -- "$2" "$1" || { fail "$1 does not hold: $2"; cat "$1"; }
}
lacks() {
    ! grep -qF -- "$2" "$1" || fail "$1 holds: $2"
}

# Bad usage is 2, on stderr, and nothing on stdout.
expect 2 chekc
holds err 'did you mean check?'
[ ! -s out ] || fail 'bad usage prints on stdout'
expect 2 check --jsno
holds err 'did you mean --json?'
expect 0 --help
holds out 'usage: tocsin VERB'
expect 0 version
holds out 'tocsin '
expect 0 version --json
holds out '"version":'

# No configuration anywhere is said with both places.
if [ ! -e /etc/tocsin/site.yaml ]; then
    expect 1 check
    holds err '/etc/tocsin/site.yaml'
fi
printf 'site: { id: shop }\n' >site.yaml
[ -e /etc/tocsin/site.yaml ] || expect 0 check
expect 0 check site.yaml
holds out 'site.yaml: no errors, no warnings'
expect 1 check -c absent.yaml
holds err 'cannot open absent.yaml'
expect 1 check "$dir"
holds err 'cannot read'

# Every error at once, place first; JSON on stdout.
printf '%s\n' 'site: { id: shop, nmae: x }' 'networks: {}' \
    'cameras: { a: { driver: rtsp, url: rtsp://h/x, login: hunter2 } }' >bad.yaml
expect 1 check bad.yaml
holds err 'bad.yaml:1:19: error: unknown key "nmae"'
holds err 'bad.yaml:2:1: error: "networks" is documented'
holds err 'bad.yaml:3:55: error: "login" takes the name of a secret'
holds out 'bad.yaml: 3 errors, no warnings'
lacks err hunter2
expect 1 check bad.yaml --json
holds out '"errors":3'
lacks out hunter2

# What only the machine knows.
cat >machine.yaml <<YAML
site: { id: shop, timezone: Mars/Olympus }
areas: { all: { zones: [yard] } }
cameras: { a: { driver: rtsp, url: rtsp://h/x, login: secret:cam, covers: { yard: {} } } }
archive: { volumes: [ { path: $dir/volume }, { path: $dir/absent } ] }
YAML
mkdir volume state
expect 1 check machine.yaml --state state
[ ! -d /usr/share/zoneinfo ] || holds err 'machine.yaml:1:29: error: this machine knows no such time zone'
holds err 'machine.yaml:3:55: warning: secret:cam is not stored'
holds err 'this folder is not there'
[ -z "$(ls -A volume)" ] || fail 'check leaves files in a volume'

# Secrets: from a file or standard input, never from an argument, 0600, listed by name.
expect 2 secret set cam hunter2
expect 1 secret set cam --state state
holds err 'no terminal to ask on'
printf 'admin:hunter2\n' >value
expect 0 secret set cam --file value --state state
lacks out hunter2
[ "$(stat -c %a state/secrets/cam)" = 600 ] || fail 'the mode of a secret is not 600'
[ "$(cat state/secrets/cam)" = admin:hunter2 ] || fail 'the secret is not what was given'
printf 'admin:other' | "$tocsin" secret set cam2 --file - --state state -q >out 2>err || fail 'standard input'
[ ! -s out ] || fail '--quiet prints'
expect 0 secret list --state state
[ "$(cat out)" = "$(printf 'cam\ncam2')" ] || { fail 'the list of secrets'; cat out; }
expect 0 secret list --state state --json
holds out '{"name":"cam"}'
expect 1 secret set ../x --file value --state state
expect 0 secret remove cam2 --state state
expect 1 secret remove cam2 --state state
holds err 'cannot remove the secret cam2'
sed -i s,Mars/Olympus,UTC, machine.yaml
expect 0 check machine.yaml --state state
lacks err 'not stored'

# Users: the password's hash only; a short one and an unknown user are refused.
printf 'site: { id: shop }\nusers: { anna: { role: operator, name: Anna } }\n' >users.yaml
printf 'correct horse\n' >password
printf 'short\n' >short
expect 1 user password anna -c users.yaml --state state --file short
holds err 'a password has 8 to 255 bytes'
expect 1 user password ben -c users.yaml --state state --file password
holds err 'has no user "ben"'
expect 0 user list -c users.yaml --state state
holds out 'no password'
expect 0 user password anna -c users.yaml --state state --file password
case $(cat state/secrets/password.anna) in '$argon2id$'*) ;; *) fail 'no Argon2id string is stored' ;; esac
lacks state/secrets/password.anna 'correct horse'
expect 0 user list -c users.yaml --state state --json
holds out '{"id":"anna","name":"Anna","role":"operator","password":true,"uid":null}'
expect 0 secret list --state state
lacks out anna
expect 0 user lock anna --state state
expect 1 user list -c bad.yaml --state state
holds err 'unknown key "nmae"'

# Texts made from the table.
expect 0 schema
holds out '"$schema"'
expect 0 completion bash
bash -n out || fail 'the completion for bash is no bash'
expect 2 completion tcsh
expect 0 man
holds out '.TH TOCSIN 1'
"$tocsin" man >/dev/full 2>err && fail 'a full disk is not noticed'
holds err 'cannot print'

[ $failed -eq 0 ] && echo "all as expected"
exit $failed

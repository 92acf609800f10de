#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The verbs against a running daemon, with simulated peers that are verbs too: an alarm comes in, is listed,
# picked up, closed; its video is cut out, also after the daemon was stopped.
set -u
tocsin=$1
dir=$(mktemp -d)
pids=()
end() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
    wait
    rm -rf "$dir"
}
trap end EXIT
cd "$dir" || exit 1
failed=0
state=$dir/state

fail() {
    echo "FAILED: $1"
    failed=1
}
expect() {
    local want=$1
    shift
    setsid -w "$tocsin" "$@" --state "$state" >out 2>err </dev/null
    local got=$?
    [ $got -eq "$want" ] || { fail "tocsin $*: exit $got, not $want"; cat out err; }
}
holds() {
    grep -qF -- "$2" "$1" || { fail "$1 does not hold: $2"; cat "$1"; }
}
until_true() { # SECONDS COMMAND...
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || { fail "not in time: $*"; return 1; }
        sleep 0.1
    done
}
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

console=$(free_port)
receiver=$(free_port)
video=$(free_port)
printf 'viewer:hunter2\n' >login
cat >site.yaml <<YAML
site: { id: shop, name: Shop }
console: { listen: 127.0.0.1:$console }
receivers: [ { protocol: sia-dc09, listen: 127.0.0.1:$receiver } ]
panels: { main: { account: 1234, points: { 12: { zone: door, type: intrusion.contact } } } }
cameras:
  entrance: { driver: rtsp, url: rtsp://127.0.0.1:$video/entrance, login: secret:cam, covers: { door: {} } }
archive: { ring_memory: 64 MB }
users: { anna: { role: operator } }
YAML

# Without a daemon.
mkdir -m 700 "$state"
expect 1 pickup 1
holds err 'tocsin.sock; start it with'
expect 0 privileges
holds out 'no daemon runs'
expect 2 pickup one
expect 2 close 1
expect 2 clip entrance --from -10s
expect 2 clip entrance --from soon -o clip.mp4
expect 2 clip entrance --from -5s --to -10s -o clip.mp4
expect 1 clip entrance --from -10s --to now -o clip.mp4
[ ! -e clip.mp4 ] && [ ! -e clip.mp4.part ] || fail 'a clip that failed leaves a file'
expect 0 secret set cam --file login

"$tocsin" simulate camera entrance --port "$video" --login login --bitrate 500 --fps 10 >camera.out 2>&1 &
pids+=($!)
"$tocsin" run -c site.yaml --state "$state" --for 60s >run.out 2>run.err &
daemon=$!
pids+=($daemon)
until_true 20 grep -q '^ready https://' run.out || cat run.err
until_true 10 grep -q 'camera entrance: video' run.err
sleep 3 # of video before the alarm

expect 1 simulate panel "BA 12" --port 1 --for 1s
expect 0 simulate panel "BA 12" --port "$receiver" --account 1234
holds out '1 sent, 1 acknowledged'
expect 0 signals
holds out '#1234|'
expect 0 events --json
holds out '"type":"intrusion.contact"'
expect 0 incidents --open
holds out 'intrusion.contact'

expect 0 pickup 1
holds out 'incident 1 picked_up, owner local'
expect 0 ack 1 --json
holds out '"state":"picked_up"'
expect 1 pickup 99
expect 1 close 1 --outcome perhaps
holds err 'outcome'
expect 0 close 1 --outcome genuine --reason 'somebody "at" the door'
holds out 'incident 1 resolved, owner local, outcome genuine'
expect 0 simulate panel "BR 12" --port "$receiver"
until_true 5 sh -c "'$tocsin' incidents --closed --state '$state' | grep -q closed"
expect 1 close 1 --outcome false
expect 0 incidents show 1
holds out 'somebody "at" the door'
expect 0 verify --journal

expect 0 privileges
holds out 'core (pid '
holds out 'not-dumpable       enforced'
expect 0 clip entrance --from -5s --to -1s -o clip.mp4
[ -s clip.mp4 ] && [ ! -e clip.mp4.part ] || fail 'no clip was written'
[ "$(head -c 8 clip.mp4 | tail -c 4)" = ftyp ] || fail 'the clip is no MP4'
expect 1 clip nowhere --from -5s --to now -o clip2.mp4
[ ! -e clip2.mp4 ] || fail 'a clip of no camera leaves a file'
cp clip.mp4 before.mp4
expect 1 clip nowhere --from -5s --to now -o clip.mp4
cmp -s clip.mp4 before.mp4 || fail 'a clip that failed destroys the one before'

kill -TERM $daemon
wait $daemon || fail "the daemon ended with $?"
expect 0 clip entrance --from -30s --to now -o later.mp4
[ "$(head -c 8 later.mp4 | tail -c 4)" = ftyp ] || fail 'the clip of a stopped daemon is no MP4'
if command -v ffprobe >/dev/null; then
    ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 clip.mp4 >frames 2>probe ||
        fail 'ffprobe cannot read the clip'
    [ ! -s probe ] || { fail 'ffprobe complains'; cat probe; }
    [ "$(tr -d ', \n' <frames)" -ge 20 ] || { fail 'too few frames in the clip'; cat frames; }
fi
expect 0 verify --journal
grep -q hunter2 run.out run.err camera.out && fail 'a password was printed'
[ $failed -eq 0 ] && echo "all as expected"
exit $failed

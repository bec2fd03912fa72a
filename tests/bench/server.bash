# server.bash - a server of one's own for a load generator, in $home; sourced. BUILD: the folder of
# the build. Ends with the script. Sets build, home, server (its pid), port, admin_port.

build=${BUILD:-build/release}
home=$(mktemp -d)
server=

cleanup() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$home"
}
trap cleanup EXIT

# write_config PLAYERS: tests/bench/config.json for so many.
write_config() {
    sed -e "s/\"@connections\"/$(($1 + 1000))/" -e "s/\"@lobbies\"/$(($1 / 4 + 8))/" \
        tests/bench/config.json >"$home/config.json"
}

# take_plugins [NAME]: those that are loaded where nothing is configured, and NAME.
take_plugins() {
    local list
    list=$("$build"/bin/musterd --print-config | sed -nE 's/^plugins = \[(.*)\] .*/\1/p')
    sed -i "s/\"plugins\": .*/\"plugins\": [$list${1:+, \"$1\"}],/" "$home/config.json"
}

# start_server COMMAND...: the rest of the command line of musterd is added; returns when it listens.
start_server() {
    local i
    port=
    mkfifo "$home/console"
    exec 3<>"$home/console"
    touch "$home/log" # which is looked into before the server has opened it
    "$@" --config "$home/config.json" --data-dir "$home/data" >"$home/log" 2>&1 <&3 &
    server=$!
    for ((i = 0; i < 200; i++)); do
        port=$(sed -nE 's/^Server is ready: listening on .*:([0-9]+)$/\1/p' "$home/log")
        [[ -n $port ]] && break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    admin_port=$(sed -nE 's/.*admin address [0-9.]+:([0-9]+).*/\1/p' "$home/log")
    [[ -n $port ]] && return
    tail -n 20 "$home/log" >&2
    echo "bench: the server did not start" >&2
    exit 1
}

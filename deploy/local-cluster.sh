#!/usr/bin/env bash
# A whole cluster on this machine: PostgreSQL of its own, three silos and one gateway as separate processes.
#   deploy/local-cluster.sh            runs until Ctrl-C or SIGTERM, then stops all of them cleanly and removes its folder
# WALLETS_CLUSTER_DIR   where it keeps its files (default: a new temporary folder)
# WALLETS_CLUSTER_PORT  first of the ports it takes, 15400 by default: +0 PostgreSQL, +1 gateway, +10+n, +20+n and +30+n the n-th silo
# WALLETS_SERVER        a built Wallets.Server to run; it is built if this is not set
# Settings in the environment (Wallets__Hold=0 and the like) reach every process.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
first_port=${WALLETS_CLUSTER_PORT:-15400}
silos=3

if [ -n "${WALLETS_CLUSTER_DIR:-}" ]; then mkdir -p "$WALLETS_CLUSTER_DIR"; dir=$(cd "$WALLETS_CLUSTER_DIR" && pwd); keep=yes
else dir=$(mktemp -d "${TMPDIR:-/tmp}/wallets-cluster.XXXXXX"); keep=no; fi
chmod 711 "$dir"

pids=()
stop_all() {
  trap - EXIT INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ -e "$dir/postgres/data/postmaster.pid" ]; then "$root/deploy/postgres/temporary.sh" stop "$dir/postgres" || true; fi
  [ $keep = yes ] || rm -rf "$dir"
  echo "stopped"
}
trap stop_all EXIT
trap 'exit 0' INT TERM

server=${WALLETS_SERVER:-}
if [ -z "$server" ]; then
  dotnet build --nologo --verbosity quiet --configuration Release "$root/src/Wallets.Server"
  server=$root/src/Wallets.Server/bin/Release/net10.0/Wallets.Server
fi

# Secrets are made anew for each cluster and never leave its folder.
secrets=$dir/secrets
if [ ! -e "$secrets" ]; then
  (umask 077; for name in superuser owner app gateway; do echo "${name}_password=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')"; done > "$secrets"
   echo "signing_key=$(head -c 48 /dev/urandom | base64 -w 0)" >> "$secrets")
fi
# shellcheck disable=SC1090
. "$secrets"

fresh=yes; [ -e "$dir/postgres/data/PG_VERSION" ] && fresh=no
"$root/deploy/postgres/temporary.sh" start "$dir/postgres" "$first_port" "$superuser_password"
database="Host=127.0.0.1;Port=$first_port;Database=wallets"
if [ $fresh = yes ]; then
  PGPASSWORD=$superuser_password psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --host 127.0.0.1 --port "$first_port" --username superuser --dbname postgres \
    --set owner_password="$owner_password" --set app_password="$app_password" --set gateway_password="$gateway_password" --file "$root/deploy/postgres/roles.sql"
fi

export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Development}
export Wallets__Database=postgres Wallets__Auth__SigningKey=$signing_key
export ConnectionStrings__Wallets="$database;Username=wallets_app;Password=$app_password"
ConnectionStrings__WalletsOwner="$database;Username=wallets_owner;Password=$owner_password" "$server" migrate

start() { # name, settings…
  local name=$1; shift
  "$server" "$@" > "$dir/$name.log" 2>&1 &
  pids+=($!)
  echo $! > "$dir/$name.pid"
}
wait_ready() { # name, url
  for _ in $(seq 600); do
    kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null || { echo "$1 did not start:" >&2; tail -n 20 "$dir/$1.log" >&2; exit 1; }
    if curl --silent --fail --output /dev/null "$2/health/ready"; then return; fi
    sleep 0.1
  done
  echo "$1 is not ready after a minute:" >&2; tail -n 20 "$dir/$1.log" >&2; exit 1
}

for n in $(seq $silos); do
  start "silo$n" --urls "http://127.0.0.1:$((first_port + 10 + n))" --Wallets:Role=silo --Wallets:SiloPort=$((first_port + 20 + n)) --Wallets:GatewayPort=$((first_port + 30 + n)) --Wallets:DataDirectory="$dir"
done
ConnectionStrings__Wallets="$database;Username=wallets_gateway;Password=$gateway_password" \
  start gateway --urls "http://127.0.0.1:$((first_port + 1))" --Wallets:Role=gateway --Wallets:DataDirectory="$dir"
for n in $(seq $silos); do wait_ready "silo$n" "http://127.0.0.1:$((first_port + 10 + n))"; done
wait_ready gateway "http://127.0.0.1:$((first_port + 1))"

echo "PostgreSQL  127.0.0.1:$first_port, database wallets, roles and passwords in $secrets"
for n in $(seq $silos); do echo "silo$n       http://127.0.0.1:$((first_port + 10 + n))/dashboard/  (pid $(cat "$dir/silo$n.pid"))"; done
echo "gateway     http://127.0.0.1:$((first_port + 1))/docs  (pid $(cat "$dir/gateway.pid"))"
echo "files       $dir"
echo "ready"

# A process that dies is somebody's experiment; the others go on until this script is told to stop.
while :; do sleep 3600 & wait $! || true; done

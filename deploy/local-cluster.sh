#!/usr/bin/env bash
# A whole cluster on this machine: PostgreSQL of its own, silos and gateways as separate processes.
#   deploy/local-cluster.sh            runs until Ctrl-C or SIGTERM, then stops all of them cleanly and removes its folder
# WALLETS_CLUSTER_DIR   where it keeps its files (default: a new temporary folder)
# WALLETS_CLUSTER_PORT  first of the ports it takes, 15400 by default: +0 PostgreSQL, +n the n-th gateway, +10+n, +20+n and +30+n the n-th silo
# WALLETS_CLUSTER_SILOS, WALLETS_CLUSTER_GATEWAYS   how many, 3 and 1 by default, at most 9
# WALLETS_CLUSTER_SILO_HOST  the silos' address, 127.0.0.1 by default, or a pattern for the n-th ('10.0.0.1%d'): each in a network of its own
# WALLETS_CLUSTER_DATABASE   where the n-th silo finds PostgreSQL, HOST:PORT, if not at its own port: a proxy that delays or cuts
#                            ('127.0.0.1:1544%d'); the gateways are number 0
# WALLETS_SERVER        a built Wallets.Server to run; it is built if this is not set
# Settings in the environment (Wallets__Hold=0 and the like) reach every process. A process that was killed is started again, as it
# was, by its script NAME.start in the folder; NAME.pid says which process it is, and each finds its own NAME in WALLETS_NODE.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
first_port=${WALLETS_CLUSTER_PORT:-15400}
silos=${WALLETS_CLUSTER_SILOS:-3}
gateways=${WALLETS_CLUSTER_GATEWAYS:-1}
# shellcheck disable=SC2059
nth() { printf "$1" "$2"; }
silo_host() { nth "${WALLETS_CLUSTER_SILO_HOST:-127.0.0.1}" "$1"; }

if [ -n "${WALLETS_CLUSTER_DIR:-}" ]; then mkdir -p "$WALLETS_CLUSTER_DIR"; dir=$(cd "$WALLETS_CLUSTER_DIR" && pwd); keep=yes
else dir=$(mktemp -d "${TMPDIR:-/tmp}/wallets-cluster.XXXXXX"); keep=no; fi
chmod 711 "$dir"

stop_all() {
  trap - EXIT
  trap '' INT TERM   # a second Ctrl-C does not leave half of it running
  local file pid
  for file in "$dir"/gateway*.pid "$dir"/silo*.pid; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    kill -CONT "$pid" 2>/dev/null || true
    kill -TERM "$pid" 2>/dev/null || true
  done
  for file in "$dir"/gateway*.pid "$dir"/silo*.pid; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$file"
  done
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
through() { local at; at=$(nth "${WALLETS_CLUSTER_DATABASE:-127.0.0.1:$first_port}" "$1"); echo "Host=${at%:*};Port=${at##*:};Database=wallets"; }
if [ $fresh = yes ]; then
  PGPASSWORD=$superuser_password psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --host 127.0.0.1 --port "$first_port" --username superuser --dbname postgres \
    --set owner_password="$owner_password" --set app_password="$app_password" --set gateway_password="$gateway_password" --file "$root/deploy/postgres/roles.sql"
fi

export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Development}
export Wallets__Database=postgres Wallets__Auth__SigningKey=$signing_key
ConnectionStrings__Wallets="$database;Username=wallets_app" ConnectionStrings__WalletsOwner="$database;Username=wallets_owner;Password=$owner_password" "$server" migrate

start() { # name, settings…
  local name=$1; shift
  rm -f "$dir/$name.pid"
  (umask 077
   { echo '#!/usr/bin/env bash'
     echo "echo \$\$ > $(printf %q "$dir/$name.pid")"
     echo "export WALLETS_NODE=$name"
     export -p | grep -E ' (Wallets__|ConnectionStrings__|ASPNETCORE_|OTEL_)'
     echo "exec $(printf '%q ' "$server" "$@") >> $(printf %q "$dir/$name.log") 2>&1"; } > "$dir/$name.start")
  bash "$dir/$name.start" &
}
wait_ready() { # name, url
  for _ in $(seq 600); do
    [ ! -e "$dir/$1.pid" ] || kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null || { echo "$1 did not start:" >&2; tail -n 20 "$dir/$1.log" >&2; exit 1; }
    if curl --silent --fail --output /dev/null "$2/health/ready"; then return; fi
    sleep 0.1
  done
  echo "$1 is not ready after a minute:" >&2; tail -n 20 "$dir/$1.log" >&2; exit 1
}

for n in $(seq $silos); do
  ConnectionStrings__Wallets="$(through "$n");Username=wallets_app;Password=$app_password" \
    start "silo$n" --urls "http://$(silo_host "$n"):$((first_port + 10 + n))" --Wallets:AdvertisedAddress="$(silo_host "$n")" --Wallets:Role=silo --Wallets:SiloPort=$((first_port + 20 + n)) --Wallets:GatewayPort=$((first_port + 30 + n)) --Wallets:DataDirectory="$dir"
done
for n in $(seq $gateways); do
  ConnectionStrings__Wallets="$(through 0);Username=wallets_gateway;Password=$gateway_password" \
    start "gateway$n" --urls "http://127.0.0.1:$((first_port + n))" --Wallets:Role=gateway --Wallets:DataDirectory="$dir"
done
for n in $(seq $silos); do wait_ready "silo$n" "http://$(silo_host "$n"):$((first_port + 10 + n))"; done
for n in $(seq $gateways); do wait_ready "gateway$n" "http://127.0.0.1:$((first_port + n))"; done

echo "PostgreSQL  127.0.0.1:$first_port, database wallets, roles and passwords in $secrets"
for n in $(seq $silos); do echo "silo$n       http://$(silo_host "$n"):$((first_port + 10 + n))/dashboard/  (pid $(cat "$dir/silo$n.pid"))"; done
for n in $(seq $gateways); do echo "gateway$n    http://127.0.0.1:$((first_port + n))/docs  (pid $(cat "$dir/gateway$n.pid"))"; done
echo "files       $dir"
echo "ready"

# A process that dies is somebody's experiment; the others go on until this script is told to stop.
while :; do sleep 3600 & wait $! || true; done

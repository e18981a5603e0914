#!/usr/bin/env bash
# A PostgreSQL cluster of one's own, for tests and for the local cluster: default durability, loopback only, password logins.
#   temporary.sh start DIR PORT [SUPERUSER_PASSWORD]   makes the cluster in DIR if it is not there, and starts it
#   temporary.sh stop DIR [fast|immediate]             stops it; DIR stays
set -euo pipefail

action=${1:?start or stop}
dir=${2:?a folder}

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "${bin:-}/initdb" ] || bin=$(dirname "$(command -v initdb || true)")
[ -x "$bin/initdb" ] || { echo "PostgreSQL's server binaries are missing: apt-get install postgresql" >&2; exit 1; }

# PostgreSQL refuses to run as root; then it runs as the user that its package made. setpriv, unlike su, leaves no process behind.
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi; }

case $action in
  start)
    port=${3:?a port}
    password=${4:-superuser}
    if [ ! -e "$dir/data/PG_VERSION" ]; then
      mkdir -p "$dir"
      printf '%s' "$password" > "$dir/superuser.password"
      [ "$(id -u)" = 0 ] && chown -R postgres: "$dir"
      chmod 700 "$dir"
      as_postgres "$bin/initdb" --pgdata "$dir/data" --username superuser --pwfile "$dir/superuser.password" \
        --auth scram-sha-256 --encoding UTF8 --locale C --no-instructions > "$dir/initdb.log"
      cat >> "$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
CONF
    fi
    cd "$dir"
    as_postgres "$bin/pg_ctl" start --wait --silent --pgdata "$dir/data" --log "$dir/postgres.log" -o "-p $port"
    ;;
  stop)
    cd "$dir"
    as_postgres "$bin/pg_ctl" stop --wait --silent --pgdata "$dir/data" --mode "${3:-fast}"
    ;;
  *)
    echo "start or stop, not $action" >&2
    exit 2
    ;;
esac

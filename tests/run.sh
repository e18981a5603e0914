#!/usr/bin/env bash
# Everything that must hold before a change lands: builds with warnings as errors, checks the formatting, runs all tests against
# real databases and processes. Gets what a fresh Debian machine lacks. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

if ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 && ! command -v initdb > /dev/null; then
  echo "Installing PostgreSQL's server binaries"
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  # The package would start a cluster of its own; the tests bring theirs.
  $sudo mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | $sudo tee /etc/postgresql-common/createcluster.conf > /dev/null
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends postgresql curl > /dev/null
fi

if ! command -v chromium > /dev/null && [ -z "${CHROMIUM:-}" ]; then
  echo "Installing Chromium for the tests of the pages"
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji > /dev/null
fi

configuration=Release
dotnet build Wallets.sln --nologo --configuration $configuration
dotnet format Wallets.sln --verify-no-changes --no-restore --exclude-diagnostics IDE0005

passed=0 failed=0 broken=0
failures=$(mktemp)
count() { sed -n "s/^ *$1: *\([0-9][0-9]*\).*/\1/p" "$log" | tail -n 1; }
for project in tests/Wallets.Tests tests/Wallets.BrowserTests; do
  log=$(mktemp)
  "$project/bin/$configuration/net10.0/$(basename "$project")" --no-ansi "$@" 2>&1 | tee "$log" || broken=1
  passed=$((passed + $(count succeeded || echo 0) + 0))
  failed=$((failed + $(count failed || echo 0) + 0))
  # A failure is told again at the end, where it is looked for: its line and those indented below it.
  awk '/^failed /{told = 1; print; next} /^[^ ]/{told = 0} told' "$log" >> "$failures"
  rm -f "$log"
done
# The benchmark's smoke form counts as one test; it fails if it cannot run or a ratio has collapsed. Not when a part of the tests is asked for.
if [ $# = 0 ]; then
  if "tests/Wallets.Benchmarks/bin/$configuration/net10.0/Wallets.Benchmarks" --smoke; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
fi
# A run that broke without saying which test failed has failed all the same.
if [ $broken = 1 ] && [ $failed = 0 ]; then failed=1; fi

cat "$failures"
rm -f "$failures"
echo "$passed passed, $failed failed"
[ $failed = 0 ]

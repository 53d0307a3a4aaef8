#!/bin/sh
# Makes the secrets that docker-compose.yml needs, in secrets/, and says so in .env. Run it once: it
# never replaces what is there, since those secrets open what lies in the volumes.
set -eu
cd "$(dirname "$0")/.."

if [ -e secrets ]; then
  echo "secrets/ is there already and stays as it is. Only for new volumes, move it away first." >&2
  exit 1
fi

# 32 bytes in hexadecimal, which needs no encoding in a URL.
random() { od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Compose hands files over as they are, and each container reads them as a user of its own. So the
# files are for all to read, in a directory that only this user may enter.
umask 022
draft=$(mktemp -d ./secrets.XXXXXX)
trap 'rm -rf "$draft"' EXIT
write() { printf '%s\n' "$2" >"$draft/$1"; }

redis_password=$(random)
write secret-key "$(random)"
write postgres-password "$(random)"
write database-url "postgres://latchkey:$(random)@postgres/latchkey"
write redis-url "redis://:$redis_password@redis"
write redis.conf "requirepass $redis_password"
mv "$draft" secrets

if ! grep -qs '^LATCHKEY_SECRETS=' .env; then
  printf '\n# Where docker-compose.yml finds its secrets.\nLATCHKEY_SECRETS=./secrets\n' >>.env
fi
echo "Made secrets/. Keep a copy of secrets/secret-key apart from the backups of the database."

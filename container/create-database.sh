#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: a database, and a user who owns it and is no
# superuser, with the password in the URL that the server is given.
set -eu

password=$(sed 's,^postgres://latchkey:\([0-9a-f]*\)@.*$,\1,' /run/secrets/database-url)
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
create role latchkey login password '$password';
create database latchkey owner latchkey;
SQL

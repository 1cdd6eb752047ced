#!/bin/sh
# Make the secrets of compose.scaled.yml at the first start, into a volume. What is there is kept.
#
# Readable by every user of the containers that mount the volume (PostgreSQL and Rookery run as different ones),
# and by nobody else: the volume is mounted nowhere else.
set -eu
folder="${SECRETS_DIR:-/secrets}"
umask 022
if [ ! -s "$folder/postgres_password" ]; then
    head -c 33 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' > "$folder/postgres_password.new"
    mv "$folder/postgres_password.new" "$folder/postgres_password"
    echo "made a password for PostgreSQL"
fi

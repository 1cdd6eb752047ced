#!/bin/sh
# Start one part of a node: start-rookery up | web | worker ... | scheduler | migrate
#
# Where a password for PostgreSQL was generated into the volume of secrets (compose.scaled.yml), the database URL is
# put together here, so that the password stands in no file of ours and in no `docker inspect`.
set -eu
secret="${SECRETS_DIR:-/secrets}/postgres_password"
if [ -z "${ROOKERY_DATABASE_URL:-}" ] && [ -r "$secret" ]; then
    ROOKERY_DATABASE_URL="postgresql+asyncpg://rookery:$(cat "$secret")@${POSTGRES_HOST:-postgres}:${POSTGRES_PORT:-5432}/rookery"
    export ROOKERY_DATABASE_URL
fi
exec rookery "$@"

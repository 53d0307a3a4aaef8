# The server and its commands: `docker run IMAGE migrate`, `docker exec CONTAINER latchkey …`.
# How to run it: docs/operations.md, "Containers".

# The very Node.js that the tests run on (package.json), on Debian stable: glibc, which the native
# modules are built for, and security updates for years.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without install scripts: they would only bring a second Node.js.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.verify.json ./
COPY migrations ./migrations
COPY src ./src
RUN npm run build && chmod a+x dist/src/cli.js
COPY LICENSE CHANGELOG.md ./
COPY views ./views
COPY lists ./lists
# Readable for the server's user, whatever the umask was where they were checked out.
RUN chmod -R a+rX package.json LICENSE CHANGELOG.md views lists

# A tree of its own, not what `npm prune` leaves of the one above: nothing of a development package
# has ever been in it, and a change of the sources does not build it anew.
FROM node:${NODE_VERSION}-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# SQLite's sources and the binaries for other systems are a third of the tree.
RUN cd node_modules/better-sqlite3 && rm -r deps src \
  && find prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete

FROM node:${NODE_VERSION}-trixie-slim
# Nothing is installed at run time, so what installs is of use to an intruder only. The user has a
# number of its own, which no person on the host is likely to have.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  && groupadd --gid 10001 latchkey \
  && useradd --uid 10001 --gid latchkey --no-create-home --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey \
  && install --directory --owner latchkey --group latchkey --mode 0700 /var/lib/latchkey \
  && ln -s /app/dist/src/cli.js /usr/local/bin/latchkey
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/package.json /app/LICENSE /app/CHANGELOG.md ./
COPY --from=build /app/views ./views
COPY --from=build /app/lists ./lists
COPY --from=build /app/dist/migrations ./dist/migrations
COPY --from=build /app/dist/src ./dist/src

USER 10001:10001
# A wrong platform or C library fails here and not at the first sign-in: this migrates a database of
# better-sqlite3 in memory, makes signing keys, and hashes a password by argon2 in a worker thread.
RUN cd /tmp \
  && head -c 24 /dev/urandom | base64 \
    | NODE_ENV=development DATABASE_URL=sqlite::memory: DATA_DIR=/tmp/try latchkey account create try \
  && rm -r /tmp/try

# DATA_DIR is written to only with SQLite; everything else of the file system may be read-only.
ENV NODE_ENV=production DATA_DIR=/var/lib/latchkey
EXPOSE 8000
# Liveness: what restarts unhealthy containers must not do so because a store is down. Who sends
# requests asks /health/ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "/app/dist/src/health-check.js", "live"]
# No shell in between, so that SIGTERM reaches the server. The flags are those of `npm start`.
ENTRYPOINT ["node", "--max-semi-space-size=64", "--expose-gc", "--enable-source-maps", "/app/dist/src/cli.js"]
CMD ["serve"]

ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Latchkey" \
  org.opencontainers.image.description="Self-hosted OAuth 2.0 and OpenID Connect server" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"

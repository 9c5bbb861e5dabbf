# Weir as a container: built with Node 24, run as uid 10001, root file system may be read-only.
#   docker build -t weir .
#   docker run --read-only --tmpfs /tmp -p 3128:3128 -v weir-certs:/weir/certs -v weir-data:/weir/data weir
# deploy/compose.yaml is the same with networks and rules.

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No install scripts: the `node` package would only fetch the runtime that this image already is.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
RUN groupadd --gid 10001 weir \
 && useradd --uid 10001 --gid weir --home-dir /weir --no-create-home --shell /usr/sbin/nologin weir \
 && install -d -o weir -g weir -m 0700 /weir/certs /weir/data \
 && install -d -o weir -g weir -m 0755 /weir/rules
WORKDIR /weir
COPY --from=packages /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json ./
COPY bin ./bin
COPY verify ./verify
COPY --chown=weir:weir rules ./rules

# Inside a container loopback reaches nobody: both ports listen on all addresses, and who may use them is
# WEIR_PROXY_NETWORKS and WEIR_ADMIN_NETWORKS (loopback only until they are set).
ENV NODE_ENV=production \
    WEIR_PROXY_LISTEN=0.0.0.0:3128 \
    WEIR_ADMIN_LISTEN=0.0.0.0:3129

# certs: the CA key, keep it. data: events, store, tokens. rules: policy and catalogue; a named volume starts as a copy
# of the shipped ones, a bind mount must bring its own.
VOLUME ["/weir/certs", "/weir/data", "/weir/rules"]
EXPOSE 3128 3129
USER 10001:10001

# Plain HTTP on the admin port; with admin.tls give your own check.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WEIR_ADMIN_LISTEN.split(':').pop()}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]

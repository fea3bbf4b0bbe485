# syntax=docker/dockerfile:1
# The whole of OdorDiff-2 in one image: `run` is the gateway, `infer` the backend.

ARG GO_VERSION=1.26.8
# The compiler runs on the builder's own architecture, whichever it builds for.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unversioned
ARG TARGETOS TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build VERSION="$VERSION"
# A new named volume gets its owner from the image.
RUN mkdir -p /empty/state

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/bin/odordiff /usr/local/bin/odordiff
COPY Caddyfile /etc/odordiff/Caddyfile
COPY policies /etc/odordiff/policies
COPY --from=build --chown=65532:65532 /empty/state /var/lib/odordiff

# Nothing else is written, so the root file system may be read-only.
VOLUME /var/lib/odordiff
ENV ODORDIFF_STATE=/var/lib/odordiff \
    ODORDIFF_POLICIES=/etc/odordiff/policies \
    ODORDIFF_BIND=0.0.0.0 \
    ODORDIFF_PROBE_BIND=0.0.0.0 \
    XDG_CONFIG_HOME=/var/lib/odordiff \
    XDG_DATA_HOME=/var/lib/odordiff
WORKDIR /etc/odordiff
USER 65532:65532
# 8081, for probes and scrapes without a credential, is for the container's own network: do not publish it.
EXPOSE 8443/tcp 8443/udp 8080/tcp
STOPSIGNAL SIGTERM
# The gateway's probes, the backend or the backup, whichever this container runs.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/odordiff", "doctor", "--live", "--quiet", "--url", "http://127.0.0.1:8081", "--url", "http://127.0.0.1:8090", "--url", "http://127.0.0.1:8092"]
ENTRYPOINT ["/usr/local/bin/odordiff"]
CMD ["run", "--config", "/etc/odordiff/Caddyfile"]

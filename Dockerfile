# SPDX-License-Identifier: MIT
#
#   docker build -t luahttpd .
#   docker run --rm -p 8080:8080 -v "$PWD/site:/srv/site:ro" luahttpd
#
# The first image builds, the second is Debian and one binary of some 40 MB, which carries its own Swift and Lua.
FROM docker.io/library/swift:6.2-bookworm AS build
WORKDIR /src
COPY . .
RUN make install PREFIX=/usr/local DESTDIR=/out

FROM docker.io/library/debian:bookworm-slim
COPY --from=build /out/usr/local/bin/luahttpd /usr/local/bin/luahttpd
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/site
# Nobody's account: it owns nothing.
USER 65532:65532
ENV LUAHTTPD_LISTEN=:8080
EXPOSE 8080
# Exec form: SIGTERM reaches the server itself.
ENTRYPOINT ["/usr/local/bin/luahttpd"]
CMD ["/srv/site/app.lua", "--prod"]

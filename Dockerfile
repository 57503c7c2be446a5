# weir in a container: built in one stage, run in another that holds no compiler.
#
#   docker build -t weir .
#   docker run --rm -v ./my.yaml:/etc/weir/weir.yaml:ro -p 8080:8080 weir
#
# Plugins built for Debian 12 go into /usr/local/lib/weir/plugins, or into any folder of `plugin_path`.
FROM debian:12-slim AS build
WORKDIR /src
# The packages first: they change more seldom than the sources.
COPY scripts/lib.sh scripts/install-deps scripts/
RUN scripts/install-deps build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN autoreconf -i
WORKDIR /build
RUN /src/configure -q \
	&& make -s -j"$(nproc)" \
	&& make -s install-strip DESTDIR=/image

FROM debian:12-slim
# Versions are Debian 12's, which moves for security alone.
# hadolint ignore=DL3008
RUN apt-get update \
	&& apt-get install -y --no-install-recommends ca-certificates curl libcjson1 libcurl4 \
		libhiredis0.14 libjemalloc2 libmicrohttpd12 librdkafka1 libsimdjson14 libssl3 libxxhash0 libyaml-0-2 \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --system --uid 10001 --home-dir /var/lib/weir --create-home weir
COPY --from=build /image/usr/local /usr/local
USER 10001
WORKDIR /var/lib/weir
VOLUME /var/lib/weir
EXPOSE 8080 8081
# SIGTERM finishes and commits what is in flight, then leaves the group.
STOPSIGNAL SIGTERM
ENTRYPOINT ["weir"]
CMD ["run", "/etc/weir/weir.yaml"]

# docker build -t dialog-sandbox .
# docker run --rm -p 8080:8080 -v sandbox-data:/data dialog-sandbox
#
# Pinned to one release of Python on one release of Debian. A digest would pin the very bytes, but `make image-test`
# must be able to stand in a base of its own under this name where the public one cannot be pulled.
ARG PYTHON_IMAGE=docker.io/library/python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Two environments: one that builds, and stays behind, and the one that goes into the image, which has no pip.
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/dialog-sandbox
WORKDIR /src
COPY requirements/build.lock requirements/image.lock requirements/
RUN /build/bin/pip install --quiet --require-hashes -r requirements/build.lock \
 && /build/bin/pip --python /opt/dialog-sandbox/bin/python install --quiet --require-hashes --only-binary :all: \
      -r requirements/image.lock
COPY . .
RUN /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /dist ./client . \
 && /build/bin/pip --python /opt/dialog-sandbox/bin/python install --quiet --no-index --no-deps /dist/*.whl \
 # Where in the world a number is, and with whom: 43 MB that nothing here reads.
 && rm -r /opt/dialog-sandbox/lib/python3*/site-packages/phonenumbers/geodata \
          /opt/dialog-sandbox/lib/python3*/site-packages/phonenumbers/carrierdata

# The user and the data folder are made here and copied, so that the last stage runs nothing. The container may run as any
# user of group 0, as on OpenShift, so that group may write to the folder; a new volume takes that over.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin sandbox \
 && mkdir /new /new/data && chmod 0770 /new/data


FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="dialog-sandbox" \
      org.opencontainers.image.licenses="MIT"

COPY --from=build /etc/passwd /etc/group /etc/
# With its parent, since a folder that is named itself loses its rights.
COPY --from=build --chown=10001:0 /new /
COPY --from=build /opt/dialog-sandbox /opt/dialog-sandbox

# Every setting of the sandbox is an environment variable SANDBOX_*; the port is left at its default, 8080.
# Off loopback the control API wants a token: give SANDBOX_CONTROL_TOKEN, or take the one printed at start.
# Nothing is written but under /data, so the root may be read-only.
ENV PATH=/opt/dialog-sandbox/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONUNBUFFERED=1 \
    SANDBOX_HOST=0.0.0.0 \
    SANDBOX_DATABASE=/data/sandbox.db

USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM

# It asks the port of SANDBOX_PORT, so it stays right when that is changed.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["dialog-sandbox", "readyz"]
ENTRYPOINT ["dialog-sandbox"]
CMD ["serve"]

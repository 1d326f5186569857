# One image for every role: web, workers, sweep, bridge; the command decides. Built by the scripts that `make` uses.
#   docker build -t kuaimen .
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS python
WORKDIR /srv/kuaimen
ENV UV_COMPILE_BYTECODE=1
COPY scripts scripts
COPY requirements requirements
COPY workers/imaging/native.py workers/imaging/
COPY workers/imaging/tone.c workers/imaging/
# compiles the native part of the renderer where BASE has a compiler (python:3.11-trixie); the folder is there anyway
RUN mkdir -p workers/imaging/built
RUN scripts/environment.sh run

FROM python AS frontend
COPY web web
RUN scripts/frontend.sh

FROM ${BASE} AS image
WORKDIR /srv/kuaimen
# pg_dump and pg_restore for `kuaimen backup`: of the same version as the server in compose.yaml
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/kuaimen --create-home kuaimen
COPY --from=python /srv/kuaimen/.venv .venv
COPY . .
COPY --from=python /srv/kuaimen/workers/imaging/built workers/imaging/built
COPY --from=frontend /srv/kuaimen/web/dist web/dist
RUN .venv/bin/python -m compileall -q backend camera_bridge launch migrations miniprogram_api web workers
ENV PATH=/srv/kuaimen/.venv/bin:$PATH \
    KUAIMEN_DATA_DIR=/var/lib/kuaimen \
    KUAIMEN_HOST=0.0.0.0 \
    KUAIMEN_FTP_HOST=0.0.0.0 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    MALLOC_ARENA_MAX=2 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER kuaimen
VOLUME /var/lib/kuaimen
EXPOSE 8080 2121
CMD ["kuaimen", "up"]

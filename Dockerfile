# Annotates photographs, over HTTP by default: docs/production.md.
#   docker build --tag mmannot .
#   docker run --publish 127.0.0.1:8501:8501 --volume "$PWD/exports/photos:/models/photos:ro" mmannot
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/mmannot
ENV PATH=/opt/mmannot/bin:$PATH
COPY requirements.txt requirements-test.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY mmannot_tf mmannot_tf
COPY tfrecords_tools tfrecords_tools
RUN pip install --no-cache-dir --constraint requirements-test.txt '.[engines,serve]'

FROM python:3.11-slim
COPY --from=build /opt/mmannot /opt/mmannot
ENV PATH=/opt/mmannot/bin:$PATH
RUN useradd --system --uid 10001 mmannot
USER 10001
EXPOSE 8501
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=5)"]
ENTRYPOINT ["mmannot"]
CMD ["serve", "/models/photos", "--host", "0.0.0.0"]

"""docs/deploy: what its files ask of a server exists, and nginx in front of one does what the page says."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import served
import typer
import yaml

from mmannot_tf.cli.main import app

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "docs" / "deploy"
photo, serve = served.photo, served.serve


def _options():
    command = typer.main.get_command(app).commands["serve"]
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("file", ["Dockerfile", "docs/deploy/compose.yaml", "docs/deploy/mmannot.service"])
def test_a_server_is_started_with_options_that_it_has(file):
    text = (ROOT / file).read_text()
    command = re.search(r"mmannot serve .*|CMD \[\"serve\".*|command:(\n +- .*)+", text)[0]
    given = set(re.findall(r"--[a-z-]+", command))
    assert given <= _options()
    assert given


def test_the_composition_waits_for_requests_and_holds_secrets_outside():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert "ports" not in services["annotator"]  # only the proxy is reached from outside
    assert int(services["annotator"]["stop_grace_period"].removesuffix("s")) > 60
    ignored = (DEPLOY / ".gitignore").read_text().splitlines()
    mounted = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    assert {path.removeprefix("./") for path in mounted} - {"nginx.conf"} == {
        line.strip("/") for line in ignored if line.startswith("/")
    }


@pytest.mark.exhaustive
def test_the_steps_of_the_image_install_what_it_runs(exported, scenes, tmp_path):
    """The first stage of the Dockerfile, step by step, in an empty folder and environment."""
    build, installed = tmp_path / "build", tmp_path / "mmannot"
    build.mkdir()
    path = f"{installed}/bin:{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"
    passed_on = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    environment = {**passed_on, "PATH": path, "HOME": str(tmp_path)}
    first, _, second = (ROOT / "Dockerfile").read_text().partition("\nFROM python:3.11-slim\n")
    assert "COPY --from=build /opt/mmannot /opt/mmannot" in second
    for line in first.splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, build / (target if target != "./" else source))
        elif instruction == "RUN":
            command = rest.replace("/opt/mmannot", str(installed))
            subprocess.run(["bash", "-c", command], cwd=build, env=environment, check=True)
    photo = str(sorted(scenes)[0])
    for engine in ("tensorflow", "onnx", "openvino", "litert"):
        command = [installed / "bin" / "mmannot", "annotate", exported, photo, "--engine", engine, "--json"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert json.loads(done.stdout)["photographs"][0]["annotations"]
    subprocess.run([installed / "bin" / "mmannot", "serve", "--help"], env=environment, check=True)


def _copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


@pytest.mark.exhaustive
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_no_fault_in_the_unit(tmp_path):
    text = (DEPLOY / "mmannot.service").read_text().replace("/opt/mmannot/bin/mmannot", "/bin/true")
    (tmp_path / "mmannot.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "mmannot.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "mmannot.service" not in done.stderr
    assert done.returncode == 0


@pytest.fixture
def proxy(serve, tmp_path):
    """The shipped nginx.conf in front of a server, on ports of its own; yields the address."""
    running = serve(served.annotator(), hosts=served.HERE)
    (tmp_path / "tls").mkdir()
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-keyout", tmp_path / "tls/key.pem", "-out", tmp_path / "tls/certificate.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *key, *subject],
        check=True,
        capture_output=True,
    )
    word = subprocess.run(
        ["openssl", "passwd", "-apr1", "secret"], check=True, capture_output=True, text=True
    )
    (tmp_path / "users").write_text(f"ada:{word.stdout}")
    plain, secure = _free_port(), _free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        ("annotator:8501;\n            proxy_set", f"127.0.0.1:{running.address[1]};\n            proxy_set"),
        ("events {}", f"pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}"),
        ("server_tokens off;", f"server_tokens off; access_log off; {_temporary(tmp_path)}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "nginx.conf").write_text(text)
    command = ["nginx", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-g", "daemon off; user root;"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _wait_for(secure)
        yield f"https://localhost:{secure}", f"http://localhost:{plain}", tmp_path / "tls/certificate.pem"
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.exhaustive
@pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx")
def test_the_proxy_has_tls_a_login_and_limits(proxy, photo):
    address, plain, certificate = proxy
    files = {"images": ("sea.png", photo(), "image/png")}
    trusted = ssl.create_default_context(cafile=certificate)
    with httpx.Client(base_url=address, verify=trusted, timeout=20) as client:
        assert client.get("/").status_code == client.post("/annotate", files=files).status_code == 401
        assert client.get("/", auth=("ada", "wrong")).status_code == 401
        known = {"auth": ("ada", "secret")}
        assert "<html" in client.get("/", **known).text
        answer = client.post("/annotate", files=files, headers={"Origin": address}, **known)
        assert answer.status_code == 200
        assert answer.json()["results"]
        assert len(answer.headers["x-request-id"]) == 32
        assert client.get("/metrics", **known).status_code == 403
        assert client.post("/annotate", content=b"x" * (17 << 20), **known).status_code == 413
    moved = httpx.get(plain)
    assert (moved.status_code, moved.headers["location"]) == (301, "https://localhost/")


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _temporary(folder):
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


def _wait_for(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)

"""`td`: a server that answers as it is told. `linecapi(…)`: the command, asked in this process."""

import email
import json
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from linecapi.main import main

KEY = "1/" + "0123456789abcdef" * 2 + "01234567"
ABSENT = (404, {"error": "Resource not found", "message": "This is not served.", "severity": "error"})


@dataclass
class Asked:
    method: str
    path: str
    params: dict
    headers: dict
    body: bytes


@dataclass
class Td:
    """td-client speaks urllib3, so the double stands at the other end of the wire."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    told: dict = field(default_factory=dict)

    def answers(self, call, *answers):
        """`call`: method and path, which may have a *. `answers`: in turn, the last one from then on: JSON, bytes, or
        (status, JSON); None breaks off."""
        self.told[call] = list(answers)

    def answer(self, asked):
        self.asked.append(asked)
        call = f"{asked.method} {asked.path}"
        answers = next((answers for told, answers in self.told.items() if fnmatchcase(call, told)), [ABSENT])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def of(self, method):
        return [asked for asked in self.asked if asked.method == method]


def fields_of(headers, body):
    kind = headers.get("Content-Type", "")
    if not kind.startswith("multipart/"):
        return {}
    parts = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).get_payload()
    names = [part.get_param("name", header="content-disposition") for part in parts]
    return {name: part.get_payload(decode=True).decode() for name, part in zip(names, parts, strict=True)}


@pytest.fixture
def td():
    told = Td()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            params = {**dict(parse_qsl(url.query)), **fields_of(self.headers, body)}
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = told.answer(Asked(self.command, unquote(url.path), params, headers, body))
            if answer is None:
                self.close_connection = True
                return
            status, content = answer if isinstance(answer, tuple) else (200, answer)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", content)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.serve()

        def do_POST(self):
            self.serve()

        def do_PUT(self):
            self.serve()

        def do_DELETE(self):
            self.serve()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    server.server_close()


@dataclass
class Ended:
    code: int
    out: str
    err: str
    slept: list[float]

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home without settings, and an environment without them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("TD_API_KEY", "TD_API_SERVER", "TD_CONFIG_PATH", "TREASURE_DATA_API_KEY", "TREASURE_DATA_API_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("TREASURE_DATA_CONFIG_PATH", raising=False)
    return tmp_path


@pytest.fixture
def call(capfdbinary):
    """`call("job:list", …)` → how the command ended. It waits no real time."""

    def run(*argv):
        slept = []
        code = main(argv, slept.append)
        out, err = capfdbinary.readouterr()
        return Ended(code, out.decode("utf-8", "replace"), err.decode(), slept)

    return run


@pytest.fixture
def linecapi(call, td, home, monkeypatch):
    """The same, with the key of somebody and the address of `td`."""
    monkeypatch.setenv("TD_API_KEY", KEY)
    monkeypatch.setenv("TD_API_SERVER", td.url)
    return call


def job(number=19, status="success", **more):
    """As /v3/job/show answers."""
    return {
        "job_id": str(number),
        "type": "presto",
        "database": "shop",
        "query": "select 1",
        "status": status,
        "result": "",
        "url": f"http://console.test/jobs/{number}",
        "user_name": "editor",
        "priority": 0,
        "retry_limit": 0,
        "cpu_time": None,
        "duration": 63,
        "result_size": 30,
        "num_records": 2 if status == "success" else None,
        "created_at": "2026-11-30 14:00:00 UTC",
        "updated_at": "2026-11-30 14:01:03 UTC",
        "start_at": "2026-11-30 14:00:00 UTC" if status != "queued" else "",
        "end_at": "2026-11-30 14:01:03 UTC" if status in ("success", "error", "killed") else "",
        "hive_result_schema": '[["id","long"],["name","string"]]' if status == "success" else "",
        "organization": None,
        "linked_result_export_job_id": None,
        "result_export_target_job_id": None,
        "debug": {"cmdout": "", "stderr": ""},
        **more,
    }

"""A mail server and a webhook on this machine, each in a thread."""

import json
import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.let_go.set()
        server.shutdown()
        server.server_close()


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as smtplib asks for. `refuses`: a reply by the word it answers, such as RCPT; `hangs`: it
    greets nobody. `mails`: what arrived, parsed."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.mails, self.refuses, self.hangs, self.let_go = [], {}, False, threading.Event()

    @property
    def port(self):
        return self.server_address[1]


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        if self.server.hangs:
            self.server.let_go.wait(30)
            return
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].split()[0].upper()
            if word in self.server.refuses:
                self.say(self.server.refuses[word])
            elif word == "DATA":
                self.take()
            elif word == "QUIT":
                self.say("221 bye")
                break
            else:
                self.say("250 fine")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def take(self):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        self.server.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.say("250 taken")


class WebHook(ThreadingHTTPServer):
    """`answers`: the status of each answer, the last one for ever. `bodies`: what was taken; `asked`: how often."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Hook)
        self.bodies, self.answers, self.hangs, self.let_go = [], [200], False, threading.Event()
        self.asked = 0

    @property
    def url(self):
        return f"json://127.0.0.1:{self.server_address[1]}/a-secret-path"


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        if self.server.hangs:
            self.server.let_go.wait(30)
        answers = self.server.answers
        status = answers.pop(0) if len(answers) > 1 else answers[0]
        if status < 300:
            self.server.bodies.append(json.loads(body))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass

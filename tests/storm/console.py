"""A whole console over a folder and a database of its own, whose parts can be killed and come again."""

import os
import signal
import subprocess
import time

from django.db import connection

from linecapi_site import processes
from tests.on_postgresql import program
from tests.storm import family

START_SECONDS = 60
WORKERS = 3
PARTS = ("main", "sentinel", "pusher", "monitor", "worker")


class Console:
    """Supervisor and web server, each in a session of its own."""

    def __init__(self, random, log):
        self.random = random
        self.log = log
        self.port = processes.free_port()
        self.supervisor = self.web = None
        self.groups = set()

    def start(self, part):
        cluster = processes.manage("cluster", "--name", "storm", "--ask", "1", "--answer", "8", "--grace", "15")
        command = cluster if part == "supervisor" else processes.web(self.port)
        setattr(self, part, subprocess.Popen(command, start_new_session=True, stdout=self.log, stderr=self.log))

    @property
    def ours(self):
        return {p.pid for p in (self.supervisor, self.web) if p}

    def wait_until_up(self):
        self.wait_for(self.up)

    def wait_for(self, found):
        end = time.monotonic() + START_SECONDS
        while not (value := found()):
            family.bury(self.ours)
            if time.monotonic() > end:
                raise AssertionError(f"the console is not up after {START_SECONDS} s: {self.parts()}")
            time.sleep(0.05)
        return value

    def up(self):
        found = self.parts()
        return all(found.get(part) for part in PARTS) and len(found["worker"]) == WORKERS

    def parts(self):
        return family.parts(self.supervisor.pid)

    # --- kills

    def kill(self, kind):
        return getattr(self, f"kill_{kind}", lambda: self._kill_part(kind))()

    def _kill_part(self, kind):
        family.kill(self.one(kind))

    def one(self, part):
        """A process of that part: it may be about to be replaced."""
        return self.random.choice(self.wait_for(lambda: self.parts().get(part)))

    def kill_group(self):
        family.kill_group(self.one("main"))

    def kill_supervisor(self):
        self.supervisor.kill()
        self.supervisor.wait()
        time.sleep(self.random.uniform(0, 1))
        self.start("supervisor")

    def kill_web(self):
        family.kill_group(self.web.pid)
        self.web.wait()
        self.start("web")

    def kill_answers(self):
        """The pusher lives, but does nothing any more."""
        os.kill(self.one("pusher"), signal.SIGSTOP)

    def kill_connections(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def kill_database(self):
        folder = connection.settings_dict["OPTIONS"]["host"]
        connection.close()
        command = [program("pg_ctl"), "-D", f"{folder}/data", "-m", "immediate", "-w", "restart"]
        user = "postgres" if os.getuid() == 0 else None
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    # --- the end

    def stop(self):
        """SIGTERM to both; → what is left of them and of all that they ever started."""
        for process in (self.web, self.supervisor):
            process.send_signal(signal.SIGTERM)
        for process in (self.web, self.supervisor):
            process.wait(60)
        return [p for p in family.descendants(os.getpid()) if p.name != "postgres"]

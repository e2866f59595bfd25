"""How gunicorn serves the console; the environment may say how much of it: WEB_PROCESSES, WEB_BIND."""

import os

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = 4
timeout = 180  # a preview or an upload may take its time
graceful_timeout = 30
worker_tmp_dir = "/dev/shm"  # noqa: S108 - in memory: gunicorn's own heartbeat must not wait for a disk
control_socket_disable = True
loglevel = "warning"

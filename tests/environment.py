"""The environment of the tests, set before Django reads its settings (a plugin: see pyproject.toml)."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp(prefix="linecapi-test-"))
atexit.register(shutil.rmtree, folder, ignore_errors=True)

os.environ |= {
    "DEBUG": "false",
    "BEHIND_TLS": "false",
    "SECRET_KEY": "test-secret-key-" * 4,
    "CREDENTIAL_KEYS": "dGVzdC1vbmx5LWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc=",
    "DATA_DIR": str(folder),
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "LINE_CONVERSION_API_URL": "http://line.test",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright keeps an event loop in the tests' thread
}

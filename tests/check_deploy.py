"""`manage.py check --deploy` with production settings must have nothing to say: `python -m tests.check_deploy`."""

import os
import subprocess
import sys
import tempfile

from cryptography.fernet import Fernet

with tempfile.TemporaryDirectory() as folder:
    production = {
        "DEBUG": "false",
        "BEHIND_TLS": "true",
        "SECRET_KEY": os.urandom(40).hex(),
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": folder,
        "ALLOWED_HOSTS": "console.example.com",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    sys.exit(subprocess.run(command, env=os.environ | production).returncode)

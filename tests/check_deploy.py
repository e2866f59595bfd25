"""`manage.py check --deploy` with production settings must have nothing to say: `python -m tests.check_deploy`.

But for what it says of the machine: that the kernel which happens to run this has no Landlock is no fault of ours.
"""

import os
import subprocess
import sys
import tempfile

from cryptography.fernet import Fernet

PROGRAM = """
from django.conf import settings
from django.core.management import execute_from_command_line
settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "linecapi.W001"]
execute_from_command_line(["manage.py", "check", "--deploy", "--fail-level", "WARNING"])
"""

with tempfile.TemporaryDirectory() as folder:
    production = {
        "DJANGO_SETTINGS_MODULE": "linecapi_site.settings",
        "DEBUG": "false",
        "BEHIND_TLS": "true",
        "SECRET_KEY": os.urandom(40).hex(),
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": folder,
        "ALLOWED_HOSTS": "console.example.com",
    }
    sys.exit(subprocess.run([sys.executable, "-c", PROGRAM], env=os.environ | production).returncode)

"""The settings, the README and the files in deploy/ name the same variables."""

import re

from django.conf import settings

LISTED = r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|"


def text(path):
    return (settings.BASE_DIR / path).read_text()


def listed():
    rows = re.findall(LISTED, text("README.md"), re.M)
    return set(re.findall("[A-Z_]+", " ".join(rows)))


def set_in(path):
    return set(re.findall(r"^(?:Environment=)?([A-Z_]+)=", text(path), re.M))


def test_the_readme_lists_what_the_settings_read():
    assert listed() == set(re.findall(r"env\.[a-z_]+\(\s*\"([A-Z_]+)\"", text("linecapi_site/settings.py")))


def test_the_files_of_deploy_set_what_is_read():
    assert set_in("deploy/console.env.example") <= listed()
    units = set_in("deploy/systemd/linecapi-web.service") | set_in("deploy/systemd/linecapi-cluster.service")
    assert units - listed() == {"WEB_BIND"} and "WEB_BIND" in text("deploy/gunicorn.py")


def test_the_database_s_container_gets_no_key_of_the_console():
    service = text("deploy/compose.yaml").split("  database:")[1].split("  migrate:")[0]
    assert "env_file: database.env" in service
    assert not set_in("deploy/database.env.example") & listed()

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(kind, folder):
    spec = importlib.util.spec_from_file_location("linecapi_wheel", ROOT / "deploy" / "linecapi_wheel.py")
    backend = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(backend)
    return zipfile.ZipFile(folder / getattr(backend, kind)(str(folder)))


def test_the_wheel_holds_the_command_and_nothing_of_the_console(tmp_path):
    names = build("build_wheel", tmp_path).namelist()
    assert {name.split("/")[0] for name in names} == {"linecapi", "linecapi_console-0.1.0.dist-info"}
    assert "linecapi/commands/query.py" in names


def test_an_editable_install_leads_to_this_folder(tmp_path):
    wheel = build("build_editable", tmp_path)
    wheel.extractall(tmp_path)
    program = "import linecapi.main; print(linecapi.main.__file__)"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ran.stdout.strip() == str(ROOT / "linecapi" / "main.py"), ran.stderr


def test_the_script_is_declared(tmp_path):
    wheel = build("build_wheel", tmp_path)
    scripts = wheel.read("linecapi_console-0.1.0.dist-info/entry_points.txt").decode()
    assert scripts == "[console_scripts]\nlinecapi = linecapi.main:main\n"


def test_no_django_is_loaded():
    program = "import sys, linecapi.main; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0

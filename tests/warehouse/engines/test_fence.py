"""What a program can do behind the fence, if a query should ever run one: nothing outside its own folder."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.engines import landlock
from warehouse.engines.fence import InForce
from warehouse.engines.probe import in_force

HOME = Path(landlock.__file__).parents[2]

needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="not run: this kernel has no Landlock")

# A name, and Python that is tried in one program with all the others.
FILES = """
read the system's accounts: open("/etc/passwd").read()
read the settings: open(HOME + "/linecapi_site/settings.py").read()
read the keys: open(HOME + "/.env").read()
read the console's database: open(HOME + "/data/console.sqlite3").read()
list the project: os.listdir(HOME)
read a secret: open(OTHER + "/secret").read()
read a secret by way of /proc: open("/proc/self/root" + OTHER + "/secret").read()
list another job's folder: os.listdir(OTHER)
read the parent's environment: open(f"/proc/{PARENT}/environ").read()
read the parent's memory: open(f"/proc/{PARENT}/mem", "rb").read(1)
read the parent's command line: open(f"/proc/{PARENT}/cmdline").read()
write to the own memory: open("/proc/self/mem", "wb")
write to another job's folder: open(OTHER + "/new", "w")
append to a secret: open(OTHER + "/secret", "a")
write to the temporary folder: open("/tmp/linecapi-fence-test", "w")
truncate a secret: os.truncate(OTHER + "/secret", 0)
remove a secret: os.remove(OTHER + "/secret")
remove a folder: os.rmdir(OTHER + "/empty")
make a folder: os.mkdir(OTHER + "/new")
rename a secret: os.rename(OTHER + "/secret", OTHER + "/renamed")
take a secret in: os.rename(OTHER + "/secret", "secret")
move a file out: os.rename("mine", OTHER + "/mine")
link a secret: os.link(OTHER + "/secret", "link")
link a file out: os.link("mine", OTHER + "/link")
make a symbolic link: os.symlink(OTHER + "/secret", "symbolic")
make a symbolic link out: os.symlink("/", OTHER + "/symbolic")
make a pipe: os.mkfifo("fifo")
make a device: os.mknod("device", 0o60600)
change a mode: os.chmod(OTHER + "/secret", 0o777)
change a mode by a descriptor: os.fchmod(os.open(OTHER, os.O_PATH), 0o777)
change the own folder's mode: os.chmod(".", 0o777)
change an owner: os.chown(OTHER + "/secret", 1, 1)
change a time: os.utime(OTHER + "/secret", (1, 1))
set an attribute: os.setxattr(OTHER + "/secret", "user.a", b"1")
watch a device: open("/dev/kmsg").read(1)
read a disk: open("/dev/vda", "rb").read(1)
"""
CALLS = """
a TCP socket: socket.create_connection(("127.0.0.1", PORT), 1)
a server's socket: socket.create_server(("127.0.0.1", 0))
a UDP socket: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", PORT))
a Unix socket: socket.socket(socket.AF_UNIX).connect(OTHER + "/socket")
an abstract socket: socket.socket(socket.AF_UNIX).bind("\\0linecapi")
a pair of sockets: socket.socketpair()
a raw socket: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
a netlink socket: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
run a shell: os.execv("/bin/sh", ["sh", "-c", "true"])
run Python: os.execv(sys.executable, [sys.executable, "-c", "pass"])
start a program: subprocess.run(["/bin/true"], check=True)
signal the parent: os.kill(PARENT, 0)
wake the parent: os.kill(PARENT, 18)
signal the parent's group: os.killpg(os.getpgid(PARENT), 0)
signal a thread of the parent: checked(libc.syscall(TGKILL, PARENT, PARENT, 0))
get hold of the parent: os.pidfd_open(PARENT)
trace the parent: checked(libc.ptrace(16, PARENT, 0, 0))
read and set the parent's limits: resource.prlimit(PARENT, resource.RLIMIT_CPU)
raise the own limits: raised(resource.RLIMIT_NOFILE)
leave the name space: checked(libc.unshare(0x20000))
mount a disk: checked(libc.mount(b"none", b".", b"tmpfs", 0, None))
"""
PROGRAM = """
import ctypes, json, os, resource, socket, subprocess, sys
sys.path.append(sys.argv[1])
from pathlib import Path
from warehouse.engines import fence
HOME, OWN, OTHER, PARENT, PORT = sys.argv[1], *sys.argv[2:4], os.getppid(), int(sys.argv[4])
TGKILL = {"x86_64": 234}.get(os.uname().machine, 131)
libc = ctypes.CDLL(None, use_errno=True)
fence.enter(parent=PARENT, read=[], folder=Path(OWN), memory_mb=256, spool_mb=64, home=Path(HOME))
Path("mine").write_text("1")
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
def raised(limit):
    resource.setrlimit(limit, (1024, 1024))
for line in sys.stdin.read().strip().splitlines():
    name, _, act = line.partition(": ")
    try:
        found = eval(act)
    except (OSError, ValueError) as error:
        found = None
    else:
        print(json.dumps([name, str(found)]), flush=True)
"""


def behind_the_fence(tmp_path, attempts, port=9):
    """Run the attempts in one program. → those that did not fail, with what they gave."""
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other, other / "empty"):
        folder.mkdir()
    (other / "secret").write_text("s")
    command = [sys.executable, "-I", "-c", PROGRAM, *map(str, (HOME, own, other, port))]
    done = subprocess.run(command, input=attempts, capture_output=True, text=True, cwd=own, timeout=30, env={})
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@needs_landlock
def test_no_file_outside_its_folder_can_be_read_or_changed(tmp_path):
    assert behind_the_fence(tmp_path, FILES) == {}
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["empty", "secret"]
    assert (tmp_path / "other/secret").read_text() == "s"
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["mine"]


@pytest.mark.skipif(not in_force().calls, reason="not run: this kernel filters no system calls")
def test_no_network_program_or_other_process_can_be_reached(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert behind_the_fence(tmp_path, CALLS, server.getsockname()[1]) == {}
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_child_tells_what_is_in_force():
    found = in_force()
    assert found == InForce(landlock.abi(), found.network, found.calls)
    assert isinstance(found.network, bool) and isinstance(found.calls, bool)


def test_a_query_inherits_no_open_file(start, tmp_path):
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        with start("select count(*) from range(100000000) a, range(100000) b") as result:
            descriptors = Path(f"/proc/{result.handle['pid']}/fd").iterdir()
            assert str(tmp_path / "open") not in {str(path.readlink()) for path in descriptors}


def test_it_cannot_be_entered_once_a_thread_runs():
    program = (
        "import threading, os, pathlib; from warehouse.engines import fence\n"
        "stop = threading.Event(); threading.Thread(target=stop.wait, daemon=True).start()\n"
        "try: fence.enter(parent=os.getppid(), read=[], folder=pathlib.Path('.'), memory_mb=1, spool_mb=1,"
        " home=pathlib.Path('/'))\n"
        "except RuntimeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=HOME, capture_output=True, text=True, timeout=20)
    assert done.stdout == "threads that run already would stay outside the fence\n", done.stderr

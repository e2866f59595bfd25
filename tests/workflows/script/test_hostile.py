"""Expressions that mean harm: each ends by itself, with an error that names it, and reaches nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workflows.script.expressions import ScriptError, Scripts

HOME = Path(__file__).parents[3]
scripts = Scripts(HOME / "build/workflows/moment.min.js")

TIME, MEMORY, DEEP, LONG = "took more than", "of memory|too much memory", "too deeply", "characters"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("(function () { while (true) { try { while (true); } catch (e) {} } })()", TIME),
        ("/(a+)+$/.test('a'.repeat(40) + 'b')", TIME),
        ("new Array(1e9).join('x')", TIME),
        ("(function () { for (var a = []; ; ) a.push(new Uint8Array(1e7)) })()", MEMORY),
        ("(function () { for (var a = 'x'; ; ) a += a })()", MEMORY),
        ("(function f() { return f() })()", DEEP),
        ("(function () { for (var a = [], i = 0; i < 1e5; i++) a = [a]; return a })()", f"{DEEP}|{TIME}"),
        ("eval('('.repeat(1e5) + ')'.repeat(1e5))", DEEP),
        ("'x'.repeat(2e6)", LONG),
        ("(function () { throw {toString: function () { throw 1 }} })()", "throws something that is no error"),
        ("import('os').then.x.y", "cannot be evaluated"),
    ],
)
def test_it_is_stopped_and_named(code, reason):
    with pytest.raises(ScriptError, match=reason) as caught:
        scripts.evaluate({"a": "${1}", "b": [f"${{1}}${{{code}}}"]}, {})

    assert (caught.value.where, caught.value.code) == ("b[0]", code)


def test_many_long_results_are_stopped_together():
    with pytest.raises(ScriptError, match=LONG):
        scripts.evaluate({str(number): "${'x'.repeat(1e6)}" for number in range(5)}, {})


def test_the_language_has_nothing_of_the_host_and_parameters_are_no_way_to_it():
    names = ("require", "process", "std", "os", "load", "print", "console", "Java", "java", "Packages", "setTimeout")
    params = {"__proto__": {"evil": 1}, "constructor": "mine", "toString": "text"}
    tree = {
        "names": "${[" + ",".join(f"typeof {name}" for name in names) + "].join()}",
        "global": "${typeof constructor + toString + ({}).evil}",
        "made": "${(function () {}).constructor('return typeof this.process')()}",
    }

    found = scripts.evaluate(tree, params)
    assert set(found["names"].split(",")) == {"undefined"}
    assert (found["global"], found["made"]) == ("stringtextundefined", "undefined")


def test_behind_the_fence_there_are_no_files_no_network_no_programs_and_little_memory():
    program = """if True:
        import ctypes, json, os, resource, socket, sys
        from warehouse.engines import fence
        fence.shut(parent=os.getppid(), memory_mb=256, cpu_seconds=2)
        def tried(action):
            try:
                action()
            except (OSError, MemoryError) as error:
                return type(error).__name__
            return "done"
        found = {
            "file": tried(lambda: os.open("/etc/passwd", os.O_RDONLY)),
            "socket": tried(lambda: socket.socket()),
            "memory": tried(lambda: bytearray(300 * 1024 * 1024)),
            "program": tried(lambda: os.execv("/bin/true", ["true"])),
            "seconds": resource.getrlimit(resource.RLIMIT_CPU)[0],
            "processes": resource.getrlimit(resource.RLIMIT_NPROC)[0],
        }
        print(json.dumps(found))
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=HOME, capture_output=True, check=True)

    found = json.loads(done.stdout)
    assert found.pop("memory") == "MemoryError"
    assert (found.pop("seconds"), found.pop("processes")) == (2, 0)
    assert found.keys() == {"file", "socket", "program"}
    assert all(error in ("OSError", "PermissionError") for error in found.values())

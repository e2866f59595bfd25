"""Which system calls the filter lets through, on both architectures: read as the kernel would read it."""

import struct
from types import SimpleNamespace

import pytest

from warehouse.engines import seccomp

PID = 4711
ALLOWED, REFUSED = 0x7FFF0000, 0x00050001  # 1 is EPERM
MACHINES = {"x86_64": {"read": 0, "openat": 257, "clone": 56}, "aarch64": {"read": 63, "openat": 56, "clone": 220}}


def verdict(machine, number, argument=0, *, architecture=None):
    """Run the filter on one call."""
    known, column = seccomp._ARCHITECTURES[machine]
    program = list(struct.iter_unpack("=HBBI", seccomp._instructions(known, column, pid=PID)))
    data = struct.pack("=iIQQ", number, architecture or known, 0, argument)
    at, word = 0, 0
    while True:
        code, if_true, if_false, value = program[at]
        match code:
            case 0x20:
                word, at = struct.unpack_from("=I", data, value)[0], at + 1
            case 0x15:
                at += 1 + (if_true if word == value else if_false)
            case 0x35:
                at += 1 + (if_true if word >= value else if_false)
            case 0x06:
                return value


@pytest.mark.parametrize("machine", MACHINES)
def test_it_refuses_every_call_of_its_table(machine):
    column = seccomp._ARCHITECTURES[machine][1]
    numbers = [numbers[column] for numbers in seccomp._REFUSED.values() if numbers[column] is not None]
    assert len(numbers) > 35
    assert {verdict(machine, number) for number in numbers} == {REFUSED}


@pytest.mark.parametrize("machine", MACHINES)
def test_it_lets_the_calls_of_a_query_through(machine):
    assert {verdict(machine, number) for number in MACHINES[machine].values()} == {ALLOWED}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["tgkill", "prlimit64"])
def test_some_calls_only_concern_the_process_itself(machine, call):
    number = seccomp._ONLY_ON_ITSELF[call][seccomp._ARCHITECTURES[machine][1]]
    assert [verdict(machine, number, pid) for pid in (PID, 0, 1, PID + 1)] == [ALLOWED, ALLOWED, REFUSED, REFUSED]


def test_it_refuses_calls_in_the_way_of_another_architecture():
    assert verdict("x86_64", 0, architecture=0x40000003) == REFUSED  # 32-bit
    assert verdict("x86_64", 0x4000_0000) == REFUSED  # x32


def test_a_machine_it_does_not_know_goes_without(monkeypatch):
    monkeypatch.setattr(seccomp.os, "uname", lambda: SimpleNamespace(machine="riscv64"))
    assert seccomp.restrict() is False

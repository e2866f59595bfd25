"""What is asked of Landlock, by its version: an older kernel knows fewer rights and refuses those it does not know."""

import struct

import pytest

from warehouse.engines import landlock


class Kernel:
    """Takes the place of libc: notes each call and answers with a descriptor."""

    def __init__(self):
        self.rulesets, self.rules = [], []

    def syscall(self, number, *arguments):
        if number == landlock._CREATE_RULESET:
            self.rulesets.append(arguments[0][: arguments[1].value])
        elif number == landlock._ADD_RULE:
            self.rules.append(struct.unpack("=Qi", arguments[2])[0])
        return 99

    def prctl(self, *arguments):
        return 0


@pytest.fixture
def kernel(monkeypatch):
    kernel = Kernel()
    monkeypatch.setattr(landlock, "_libc", kernel)
    monkeypatch.setattr(landlock.os, "close", lambda descriptor: None)
    return kernel


@pytest.mark.parametrize(
    ("version", "rights", "size"),
    [(1, 13, 8), (2, 14, 8), (3, 15, 8), (4, 15, 16), (5, 16, 16), (6, 16, 24), (7, 16, 24), (99, 16, 24)],
)
def test_a_ruleset_handles_all_rights_that_the_kernel_knows(kernel, monkeypatch, tmp_path, version, rights, size):
    monkeypatch.setattr(landlock, "abi", lambda: version)
    assert landlock.restrict(read=[], write=[tmp_path]) == version
    [ruleset] = kernel.rulesets
    assert len(ruleset) == size
    assert struct.unpack("=Q", ruleset[:8])[0] == 2**rights - 1
    assert kernel.rules and all(rule < 2**rights for rule in kernel.rules)


@pytest.mark.parametrize(("version", "tcp", "scoped"), [(4, 0b11, None), (6, 0b11, 0b11)])
def test_tcp_comes_with_the_fourth_version_and_signals_with_the_sixth(kernel, monkeypatch, version, tcp, scoped):
    monkeypatch.setattr(landlock, "abi", lambda: version)
    landlock.restrict(read=[], write=[])
    fields = struct.unpack(f"={len(kernel.rulesets[0]) // 8}Q", kernel.rulesets[0])
    assert fields[1] == tcp
    assert fields[2:] == ((scoped,) if scoped else ())


def test_nothing_is_ever_executed_linked_or_made_into_a_device(kernel, monkeypatch, tmp_path):
    monkeypatch.setattr(landlock, "abi", lambda: 7)
    landlock.restrict(read=[tmp_path], write=[tmp_path])
    never = landlock._EXECUTE | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | landlock._IOCTL_DEV
    assert [rule & never for rule in kernel.rules] == [0, 0]


def test_a_file_gets_no_rights_of_a_folder(kernel, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(landlock, "abi", lambda: 7)
    landlock.restrict(read=[tmp_path / "file"], write=[])
    assert kernel.rules == [landlock._READ_FILE]


def test_what_is_missing_is_passed_over(kernel, monkeypatch, tmp_path):
    monkeypatch.setattr(landlock, "abi", lambda: 7)
    landlock.restrict(read=[tmp_path / "missing"], write=[])
    assert kernel.rules == []


def test_without_landlock_it_restricts_nothing_and_says_so(kernel, monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert landlock.restrict(read=["/usr"], write=["/tmp"]) == 0
    assert kernel.rulesets == []


def test_a_kernel_that_refuses_is_an_error(kernel, monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 7)
    monkeypatch.setattr(kernel, "syscall", lambda *arguments: -1)
    with pytest.raises(OSError, match="landlock_create_ruleset"):
        landlock.restrict(read=[], write=[])

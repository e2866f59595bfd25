"""Landlock through ctypes: a process gives up, for good, all files and TCP ports but those it names.

Needs no privilege, only Linux 5.13 or newer. See https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_NO_NEW_PRIVS = 38
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _TRUNCATE, _IOCTL_DEV = 1 << 7, 1 << 8, 1 << 14, 1 << 15
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _TRUNCATE | _MAKE_REG | _MAKE_DIR | _REMOVE_FILE | _REMOVE_DIR
_FOR_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # how many file rights a kernel knows; 16 from ABI 5 on
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """The version of Landlock that this kernel enforces; 0 where there is none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def restrict(*, read: Iterable[str | Path], write: Iterable[str | Path]) -> int:
    """Leave this thread and all it starts only `read` and `write` (files or folders it can open).

    Returns the ABI in force: 0 means that nothing was restricted. No TCP from ABI 4 on. Raises OSError.
    """
    version = abi()
    if version == 0:
        return 0
    ruleset = _create_ruleset(version)
    try:
        for path in read:
            _allow(ruleset, path, _READ, version)
        for path in write:
            _allow(ruleset, path, _WRITE, version)
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
        _check(_libc.syscall(_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    return version


def _rights(version: int) -> int:
    return int((1 << _RIGHTS_BY_ABI.get(version, 16)) - 1)


def _create_ruleset(version: int) -> int:
    tcp = _TCP_BIND_AND_CONNECT if version >= 4 else 0
    scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    attributes = struct.pack("=QQQ", _rights(version), tcp, scoped)
    size = 8 if version < 4 else 16 if version < 6 else 24
    return _check(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0), "landlock_create_ruleset")


def _allow(ruleset: int, path: str | Path, rights: int, version: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # what cannot be opened now cannot be read later
        return
    try:
        if not Path(path).is_dir():
            rights &= _FOR_FILES
        rule = struct.pack("=Qi", rights & _rights(version), descriptor)
        _check(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0), f"landlock_add_rule {path}")
    finally:
        os.close(descriptor)


def _check(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result

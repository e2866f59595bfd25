"""A seccomp filter through ctypes: a process gives up, for good, the calls by which it could reach out of itself.

Landlock knows no UDP and no Unix sockets, lets a file's owner change its mode, times and attributes, and before its
sixth version also signals. A refused call fails with EPERM. See https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_MODE_FILTER = 2
_X32 = 0x4000_0000

_ARCHITECTURES = {"x86_64": (0xC000_003E, 0), "aarch64": (0xC000_00B7, 1)}
"""The kernel's number for the architecture, and the column of the tables below."""

_REFUSED = {
    # sockets, also by way of io_uring
    "socket": (41, 198),
    "socketpair": (53, 199),
    "io_uring_setup": (425, 425),
    # programs
    "execve": (59, 221),
    "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    # what a file says about itself
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    # the kernel
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
_ONLY_ON_ITSELF = {"tgkill": (234, 131), "prlimit64": (302, 261)}
"""Allowed where the first argument is the own process id, or 0."""

_LOAD_WORD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EPERM

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict() -> bool:
    """Filter the calls of this thread and all it starts. False where this kernel or machine is not known to do so."""
    known = _ARCHITECTURES.get(os.uname().machine)
    if known is None or sys.maxsize < 2**32:
        return False
    instructions = _instructions(*known, pid=os.getpid())
    program = _Program(len(instructions) // 8, instructions)
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(_libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(architecture: int, column: int, *, pid: int) -> bytes:
    """The filter as classic BPF, eight bytes an instruction."""
    refuse = _instruction(_RETURN, _REFUSE)
    lines = [
        _instruction(_LOAD_WORD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        refuse,
        _instruction(_LOAD_WORD, _NUMBER),
        _instruction(_AT_LEAST, _X32, 0, 1),
        refuse,
    ]
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            lines += [_instruction(_EQUAL, number, 0, 1), refuse]
    own = [_instruction(_LOAD_WORD, _FIRST_ARGUMENT), _instruction(_EQUAL, pid, 2, 0), _instruction(_EQUAL, 0, 1, 0)]
    for numbers in _ONLY_ON_ITSELF.values():
        allow = _instruction(_RETURN, _ALLOW)
        lines += [_instruction(_EQUAL, numbers[column], 0, 5), *own, refuse, allow]
    return b"".join([*lines, _instruction(_RETURN, _ALLOW)])


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)

"""A disk that takes nothing from SQLite: the write system call itself fails, everything after it is SQLite's own.

SQLite lets tests put another function in the place of a system call (sqlite3_vfs.xSetSystemCall); ours fails with
ENOSPC or EIO. It needs no root, no mount and no file system of its own, and nothing but SQLite's writes is touched.
"""

import _sqlite3
import ctypes
import errno
from typing import Any, ClassVar, Final

ERRNOS: Final = {"disk_full": errno.ENOSPC, "disk_error": errno.EIO}
_WRITES: Final = (b"write", b"pwrite", b"pwrite64")
_POINTERS: Final = (
    *("xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose"),
    *("xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64"),
)


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3 (sqlite3.h)."""

    _fields_: ClassVar[Any] = [
        *(("iVersion", ctypes.c_int), ("szOsFile", ctypes.c_int), ("mxPathname", ctypes.c_int)),
        *(("pNext", ctypes.c_void_p), ("zName", ctypes.c_char_p), ("pAppData", ctypes.c_void_p)),
        *((name, ctypes.c_void_p) for name in _POINTERS),
        (
            "xSetSystemCall",
            ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
        ),
    ]


# Every write of SQLite's has descriptor, buffer and size first; pwrite's offset comes after them.
_WRITE = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, use_errno=True
)


class SickDisk:
    """One a process. `become(None)` gives the true system calls back."""

    def __init__(self) -> None:
        # a symbol is found in the library itself or in those it needs: the SQLite this Python really uses
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._vfs = library.sqlite3_vfs_find(None)
        assert self._vfs, "this SQLite has no VFS of its own"
        assert self._vfs.contents.iVersion >= 3, "this SQLite lets nobody replace system calls"
        self._failing = {kind: _failing(number) for kind, number in ERRNOS.items()}  # kept: SQLite calls them
        self._kind: str | None = None

    def become(self, kind: str | None) -> None:
        """`disk_full`, `disk_error`, or well."""
        if kind != self._kind:
            self._kind = kind
            function = None if kind is None else ctypes.cast(self._failing[kind], ctypes.c_void_p)
            for name in _WRITES:
                self._vfs.contents.xSetSystemCall(ctypes.cast(self._vfs, ctypes.c_void_p), name, function)


def _failing(number: int) -> Any:
    def write(_descriptor: int, _buffer: int | None, _size: int, _offset: int) -> int:
        ctypes.set_errno(number)
        return -1

    return _WRITE(write)

"""Spreadsheets, read in a child process that may die without anybody else noticing.

A spreadsheet is a compressed program for filling memory: a 1.4 kB file whose only cells are A1 and XFD1048576 makes
the reader ask for a dense table of 17 billion cells and abort. So the reader runs in a process of its own with limits
on memory and time, after a look at what the file declares; whatever happens there, here it becomes a message.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from sofy.audience.imports import odf_lock
from sofy.kernel.errors import Refused

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_COMPRESSED = 200_000_000  # bytes
_decode = msgspec.msgpack.Decoder().decode


def zip_format(content: BinaryIO) -> str:
    """Tell XLSX from ODS by what the archive holds.

    Raises: Refused file_not_table.
    """
    try:
        names = set(zipfile.ZipFile(content).namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Refused("file_damaged") from None
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "xlsx"
    if "mimetype" in names and names & {odf_lock.TABLE, odf_lock.PACKAGE}:
        return "ods"
    raise Refused("file_not_table")


def rows(
    content: BinaryIO, kind: str, password: str, max_columns: int, max_cell: int
) -> Iterator[tuple[int, list[str] | None]]:
    """Rows of the first sheet that has any, as text.

    Raises: Refused with what the child found, or sheet_unreadable when it died.
    """
    for frame in _child(content, [kind, str(max_columns), str(max_cell)], password):
        yield from ((number, cells) for number, cells in frame)


def unlocked(content: BinaryIO, password: str) -> BinaryIO:
    """A protected spreadsheet without its password, in memory only.

    Raises: Refused file_not_locked, file_password_needed, file_wrong_password, file_damaged, sheet_unreadable.
    """
    plain = open(os.memfd_create("unlocked"), "w+b")  # noqa: SIM115  closed by the caller
    try:
        for block in _child(content, ["unlock", "0", "0"], password):
            plain.write(block)
    except BaseException:
        plain.close()
        raise
    plain.seek(0)
    return plain


def _child(content: BinaryIO, arguments: list[str], password: str) -> Iterator[Any]:
    """What the child answers about a file, frame by frame; the password goes through its standard input."""
    content.seek(0)
    memory = os.memfd_create("sheet")  # never in clear on the disk
    with open(memory, "w+b") as copy:
        shutil.copyfileobj(content, copy, 1 << 20)
        if copy.tell() > MAX_COMPRESSED:
            raise Refused("file_too_large", limit=MAX_COMPRESSED)
        copy.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "sofy.audience.imports.sheet_child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(memory,),
            env={"PYTHONPATH": os.pathsep.join(sys.path), "SHEET_FD": str(memory)},
        )
        assert child.stdin
        assert child.stdout
        try:
            child.stdin.write(password.encode())
            child.stdin.close()
            yield from _frames(child.stdout)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()


def _frames(stream: Any) -> Iterator[Any]:
    while True:
        size = stream.read(4)
        body = stream.read(int.from_bytes(size)) if len(size) == 4 else b""
        if not body:
            raise Refused("sheet_unreadable")
        frame = _decode(body)
        if isinstance(frame, dict):
            code = frame.pop("error", None)
            if code:
                raise Refused(code, **frame)
            return
        yield frame

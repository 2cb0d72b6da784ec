"""Finds the command and runs it."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import numpy as np
import pandas as pd

from ._errors import AtlasmtlError, Wording

Command = Union[str, "os.PathLike[str]", Sequence[str]]

logger = logging.getLogger("atlasmtl_js")

INSTALL = "install Node.js 20.19 or newer and atlasmtl, or give its path by command=... or in the variable ATLASMTL"
SECONDS_TO_STOP = 10


def find_command(given: Command | None = None) -> list[str]:
    """The words that run atlasmtl: the argument, else the variable ATLASMTL, else ``atlasmtl`` on the PATH.

    A text is the path of the program or a command such as ``node /opt/atlasmtl/dist/bin/main.js``.
    """
    if given is not None:
        return _resolved(given, "command")
    variable = os.environ.get("ATLASMTL")
    if variable:
        return _resolved(variable, "ATLASMTL")
    return _resolved("atlasmtl", "PATH")


def _resolved(given: Command, where: str) -> list[str]:
    if isinstance(given, (str, os.PathLike)):
        text = os.fspath(given)
        is_file = os.path.isfile(text) or not isinstance(given, str)
        # Backslashes separate folders where paths are written so.
        words = [text] if is_file else shlex.split(text, posix=os.name != "nt")
    else:
        words = [os.fspath(word) for word in given]
    if words and words[0].endswith((".js", ".mjs")):
        words = ["node", *words]
    program = shutil.which(words[0]) if words else None
    if program is None:
        missing = words[0] if words else ""
        raise AtlasmtlError(
            f"there is no program {missing!r}",
            code="NOT_FOUND",
            where=where,
            hint=INSTALL,
        )
    return [program, *words[1:]]


def run(
    command: list[str],
    subcommand: str,
    settings: Mapping[str, Any],
    folder: Path,
    *,
    names: dict[str, str],
    verbose: bool = False,
    hints: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Runs ``subcommand`` with ``settings`` and returns its summary; its warnings become warnings here.

    Settings go through a file, so that values may be long and hold any character. ``names`` says what to call
    temporary paths in
    messages; ``hints`` has more to say where an error speaks of an option.
    """
    config = folder / "settings.json"
    config.write_text(json.dumps(_plain(settings), ensure_ascii=False), encoding="utf8")
    wording = Wording({f"{config} › ": "", str(config): "the arguments", **names})
    argv = [*command, subcommand, "--config", str(config), "--json", "--progress" if verbose else "--quiet"]
    code, stdout, stderr = _finish(argv, verbose)
    try:
        said = json.loads(stdout)
        if code == 0 and said.get("command") != subcommand:
            raise ValueError(stdout)
    except (ValueError, AttributeError):
        last = "\n".join((stderr or stdout).strip().splitlines()[-5:])
        raise AtlasmtlError(
            f"{shlex.join(command)} ended with code {code} and did not answer as atlasmtl does"
            + (f":\n{last}" if last else ""),
            code="BUG",
            where=subcommand,
            hint="another program may have its name, such as that of the Python original: " + INSTALL,
            exit_code=code,
        ) from None
    if code != 0 or "error" in said:
        error = said.get("error") or {"code": "BUG", "message": f"atlasmtl ended with code {code}"}
        said_of = {option.split()[0] for option in error.get("options") or []}
        more = [text for flag, text in (hints or {}).items() if text and flag in said_of]
        raise wording.error(error, code, "; ".join(more))
    for note in said.get("notes", []):
        logger.info("%s", wording(note["message"]))
    for warning in said.get("warnings", []):
        # Three frames up: run, annotate or train, the caller.
        warnings.warn(wording.warning(warning), stacklevel=3)
    return said


def _finish(argv: list[str], verbose: bool) -> tuple[int, str, str]:
    """Runs to the end; an interruption here ends the program as well."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf8",
            errors="replace",
        )
    except OSError as cause:
        raise AtlasmtlError(
            f"{argv[0]} cannot be run: {cause.strerror or cause}", code="IO", where=argv[0], hint=INSTALL
        ) from cause
    lines: list[str] = []

    def listen() -> None:
        for line in process.stderr or ():
            lines.append(line)
            if verbose:
                print(line, end="", file=sys.stderr, flush=True)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        stdout = process.stdout.read() if process.stdout else ""
        code = process.wait()
        listener.join()
        return code, stdout, "".join(lines)
    except BaseException:
        _stop(process)
        raise
    finally:
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def _stop(process: subprocess.Popen[str]) -> None:
    """Lets the program clean up; a terminal has told it already, a notebook may have not."""
    for ask in (lambda: None, lambda: process.send_signal(signal.SIGINT), process.kill):
        try:
            ask()
            process.wait(timeout=SECONDS_TO_STOP / 2)
            return
        except subprocess.TimeoutExpired:
            continue
        except (OSError, ValueError):  # it has ended, or there is no such signal
            continue


def _plain(value: Any) -> Any:
    """What JSON can hold, without what was not given."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray, pd.Index, pd.Series)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [_plain(item) for item in items]
    return str(value)

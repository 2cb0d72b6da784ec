"""What goes wrong, as the command says it."""

from __future__ import annotations

import re
from typing import Any


class AtlasmtlError(RuntimeError):
    """A failure: what happened, where, and how to fix it.

    ``code`` is one of the codes of ``docs/errors.md``, such as ``BAD_DATA``; ``exit_code`` is that of the command, None
    if it did not run.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "USAGE",
        where: str | None = None,
        hint: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        lines = [message]
        if where:
            lines.append(f"where: {where}")
        if hint:
            lines.append(f"fix:   {hint}")
        super().__init__("\n".join(lines))
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.message, self.code, self.where, self.hint, self.exit_code)


def _rebuilt(message: str, code: str, where: str | None, hint: str | None, exit_code: int | None) -> AtlasmtlError:
    """Of a pickle, as worker processes send it."""
    return AtlasmtlError(message, code=code, where=where, hint=hint, exit_code=exit_code)


class AtlasmtlWarning(UserWarning):
    """Something that stopped nothing and should be known, such as missing genes."""


class Wording:
    """Says what the command said in the words of the caller: arguments for flags, ``adata`` for the temporary file."""

    def __init__(self, names: dict[str, str]) -> None:
        # The longest first, as a file's path holds its name.
        self._names = sorted(names.items(), key=lambda item: -len(item[0]))

    def __call__(self, text: str) -> str:
        for path, name in self._names:
            text = text.replace(path, name)
        return re.sub(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?![\w-])", lambda flag: flag[1].replace("-", "_"), text)

    def error(self, said: dict[str, Any], exit_code: int, more: str | None = None) -> AtlasmtlError:
        where, hint = said.get("where"), said.get("hint")
        hints = [part for part in (hint and self(hint), more) if part]
        return AtlasmtlError(
            self(said["message"]),
            code=said["code"],
            where=where and self(where),
            hint="; ".join(hints) or None,
            exit_code=exit_code,
        )

    def warning(self, said: dict[str, Any]) -> AtlasmtlWarning:
        where, hint = said.get("where"), said.get("hint")
        lines = [said["message"], where and f"where: {where}", hint and f"fix:   {hint}"]
        return AtlasmtlWarning(self("\n".join(line for line in lines if line)))

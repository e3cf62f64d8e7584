"""What a person sees while programs are found and built.

On a terminal one live line shows the running build; in a log (no terminal, ``CI``,
``NO_COLOR``) there are plain lines only, with a sign of life once a minute.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Generator

_SIGN_OF_LIFE_SECONDS: Final = 60.0


class Tick(Protocol):
    """Told about a running build: packages compiled so far and the last one's name."""

    def __call__(self, packages: int, last: str) -> None:
        """Show the state of the build."""
        ...


def console(*, stderr: bool = False) -> Console:
    """Make a console that writes plain lines unless a person sits at a terminal."""
    plain = bool(os.environ.get("CI") or os.environ.get("NO_COLOR"))
    return Console(
        stderr=stderr,
        highlight=False,
        soft_wrap=True,
        no_color=plain or None,
        force_terminal=False if plain else None,
    )


def duration(seconds: float) -> str:
    """Spell a duration: ``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Progress:
    """Reports on *total* programs, one after the other."""

    def __init__(self, total: int, out: Console | None = None) -> None:
        self._out = out or console()
        self._total = total
        self._done = 0

    def say(self, text: str) -> None:
        """Print one line."""
        self._out.print(escape(text))

    def done(self, name: str, remark: str) -> None:
        """Report that the next program of the row stands."""
        self._done += 1
        self._out.print(f"{self._place()} [green]{escape(name)}[/green]  {escape(remark)}")

    @contextmanager
    def building(self, name: str, usual_seconds: float) -> Generator[Tick]:
        """Show a running build; the caller tells how far it is."""
        usual = f"usually {duration(usual_seconds)} on 2 idle cores"
        begin = time.monotonic()
        place = f"[{self._done + 1}/{self._total}]"
        if self._out.is_terminal:
            with self._out.status(escape(f"{place} {name}: starting, {usual}")) as status:

                def live(packages: int, last: str) -> None:
                    spent = duration(time.monotonic() - begin)
                    status.update(
                        f"{escape(place)} building [cyan]{escape(name)}[/cyan]  {spent} ({usual})  "
                        f"[dim]{packages} packages, {escape(last)}[/dim]"
                    )

                yield live
            return
        self.say(f"{place} {name}  building, {usual}")
        said = begin

        def plain(packages: int, last: str) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= _SIGN_OF_LIFE_SECONDS:
                said = now
                spent = duration(now - begin)
                self.say(f"{place} {name}  {spent}, {packages} packages compiled, last {last}")

        yield plain

    def _place(self) -> str:
        return escape(f"[{self._done}/{self._total}]")

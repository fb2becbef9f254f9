"""What long work says of itself, and how it is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Step(NamedTuple):
    """How far a piece of work is."""

    #: What is being done: a word that does not change.
    phase: str
    #: Units done in this phase.
    done: int
    #: Units in all, None if not known.
    total: int | None


#: A function that is called with every step; True for a bar of ``tqdm``; False for silence. None, the default, shows a bar
#: for work of more than a second if ``tqdm`` is installed and the error stream is a terminal.
OnProgress = Callable[[Step], object] | bool | None


@contextmanager
def watching(on_progress: OnProgress) -> Iterator[Callable[[str, int, int | None], object] | None]:
    """What the native half calls with every step, None for nothing."""
    if callable(on_progress):
        listener = on_progress
        yield lambda phase, done, total: listener(Step(phase, done, total))
        return
    # None means that the user did not ask: a bar must not appear in a log, and tqdm may be absent.
    wanted = sys.stderr is not None and sys.stderr.isatty() if on_progress is None else on_progress
    bar = _bar(required=on_progress is True) if wanted else None
    if bar is None:
        yield None
        return
    try:
        yield lambda phase, done, total: _show(bar, phase, done, total)
    finally:
        bar.close()


def _bar(*, required: bool) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if required:
            raise ImportError("on_progress=True needs tqdm: pip install tqdm") from None
        return None
    return tqdm(delay=0 if required else 1, leave=False)


def _show(bar: Any, phase: str, done: int, total: int | None) -> None:
    if bar.desc != f"{phase}: ":
        bar.reset(total)
        bar.set_description(phase, refresh=False)
    bar.total = total
    bar.update(done - bar.n)

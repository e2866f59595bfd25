import sys
import time

from linecapi import printing


class Line:
    """One line on the terminal that is written over, nothing where there is none."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.started = time.monotonic()
        self.says = "queued"
        self.size = 0

    def show(self) -> None:
        elapsed = printing.span(time.monotonic() - self.started)
        self._write(printing.cut(f"{elapsed}  {printing.cell(self.says)}", 79))

    def clear(self) -> None:
        if self.size:
            self._write("")
            self.size = 0

    def _write(self, text: str) -> None:
        if self.terminal:
            size = printing.width(text)
            print(f"\r{text}{' ' * (self.size - size)}{'' if text else chr(13)}", end="", file=sys.stderr, flush=True)
            self.size = size

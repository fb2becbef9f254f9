import os
from collections.abc import Sequence

__version__: str

class Snapshot:
    @staticmethod
    def load(
        paths: Sequence[str | os.PathLike[str]],
        *,
        on_error: str,
        max_bytes: int | None = None,
        catalog: str | None = None,
    ) -> Snapshot: ...
    def call(self, verb: str, request: str) -> str: ...

def simulate(simulation: str) -> str: ...

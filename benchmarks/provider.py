"""The SMS provider (benchmarks/receiving.py), a process beside us, and our connections to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from benchmarks.bench import Bench
from campaigns.models import SmsGateway


@dataclass(frozen=True, slots=True)
class Provider:
    url: str
    record: Path

    def taken(self) -> dict[str, float]:
        """When it took which text, by the text."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return {line["text"]: line["at"] for line in map(json.loads, lines) if "text" in line}

    @contextmanager
    def connected(self, kind: str, path: str, connections: int = 20) -> Iterator[None]:
        """Ours, and no other, by a kind of gateway."""
        settings = {"url": f"{self.url}/{path}", "knows_repeats": True}
        row = SmsGateway.objects.create(
            code=f"{kind}-{timezone.now():%H%M%S%f}", name=kind, kind=kind, settings=settings, connections=connections
        )
        try:
            yield
        finally:
            SmsGateway.objects.filter(pk=row.pk).update(is_active=False)


@contextmanager
def provider(bench: Bench) -> Iterator[Provider]:
    record = bench.folder / "record"
    with bench.process("provider", "-m", "benchmarks.receiving", str(record), ready="\n") as process:
        yield Provider(f"http://127.0.0.1:{process.log.read_text().split()[0]}", record)
    record.unlink(missing_ok=True)

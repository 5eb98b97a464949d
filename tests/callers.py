"""Whoever calls the API in tests: `Caller.of(source, "orders:read")`, then `caller.get("orders/", limit=2)`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from workspace.models import ApiKey, Scope, Source

ROOT = "/api/v1/"


@dataclass
class Caller:
    key: ApiKey
    secret: str

    @classmethod
    def of(cls, source: Source, *scopes: str, is_test: bool = False) -> Caller:
        """With every scope unless some are named."""
        return cls(
            *ApiKey.objects.issue(name="Test", source=source, scopes=list(scopes or Scope.values), is_test=is_test)
        )

    def get(self, path: str, **parameters: Any) -> Any:
        return Client().get(self._address(path), parameters, headers=self._headers())

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        return self.send("post", path, json.dumps(body), headers=headers)

    def put(self, path: str, body: Any) -> Any:
        return self.send("put", path, json.dumps(body))

    def patch(self, path: str, body: Any) -> Any:
        return self.send("patch", path, json.dumps(body), content_type="application/merge-patch+json")

    def delete(self, path: str) -> Any:
        return Client().delete(self._address(path), headers=self._headers())

    def send(
        self,
        method: str,
        path: str,
        raw: str | bytes,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Any:
        """A body as it is, JSON or not."""
        return getattr(Client(), method)(
            self._address(path), raw, content_type=content_type, headers={**self._headers(), **(headers or {})}
        )

    def _address(self, path: str) -> str:
        return path if path.startswith("/") else ROOT + path

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

"""`/api/v1/schema/`: made once in each process, as nothing that it tells of changes while the process lives.

Made anew it takes a processor a second, and everybody may ask for it.
"""

from functools import lru_cache
from typing import cast

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class SchemaView(SpectacularAPIView):
    def _get_schema_response(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        name = f"{settings.SPECTACULAR_SETTINGS['TITLE']}.{renderer.format}"
        return HttpResponse(
            written(translation.get_language(), type(renderer)),  # type: ignore[arg-type] # a class is hashable
            content_type=f"{renderer.media_type}{charset}",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


@lru_cache(maxsize=16)
def written(_language: str, renderer: type[BaseRenderer]) -> bytes:
    """In the language that is spoken at the moment."""
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return cast(bytes, renderer().render(schema, renderer.media_type, {}))

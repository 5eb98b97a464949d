"""`POST /status-changes/`: one change or a list, as our API takes them."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from benchmarks.naive.loading import save_change


@csrf_exempt
@require_POST
def status_changes(request: HttpRequest) -> HttpResponse:
    told = json.loads(request.body)
    changes = told if isinstance(told, list) else [told]
    for change in changes:
        save_change(change)
    return JsonResponse({"received": len(changes)})


urlpatterns = [path("status-changes/", status_changes)]

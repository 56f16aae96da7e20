"""The local web server."""

from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import wordkin
from wordkin.errors import WordkinError
from wordkin.inspector import evaluation, explorer, lab, live
from wordkin.inspector.inspected import Call, Inspected


def status(shown: Inspected, _: Any) -> dict[str, Any]:
    """What there is to show."""
    vectors, model = shown.vectors, None
    if vectors is not None:
        model = {
            "name": shown.name,
            "words": len(vectors),
            "vector_size": vectors.vector_size,
            "architecture": vectors.config.get("architecture"),
            "output_layer": vectors.config.get("output_layer"),
            "has_output_vectors": vectors.output_vectors is not None,
            "learning_rate": vectors.config.get("learning_rate"),
            "examples": vectors.index_to_key[:20],
        }
    return {"version": wordkin.__version__, "model": model, "training": False, "evaluation": False}


def application(shown: Inspected) -> Starlette:
    """The page and its calls."""
    calls: dict[str, Call] = {"status": status, **lab.CALLS, **explorer.CALLS, **live.CALLS, **evaluation.CALLS}

    async def api(request: Request) -> Response:
        call = calls[request.path_params["name"]]
        try:
            answer = await run_in_threadpool(call, shown, await request.json())
        except (WordkinError, KeyError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(answer) if isinstance(answer, bytes) else JSONResponse(answer)

    return Starlette(
        routes=[
            Route("/api/{name:path}", api, methods=["POST"]),
            Mount("/", StaticFiles(packages=[("wordkin.inspector", "static")], html=True)),
        ]
    )

"""The application factory: a Quart application made of a node and of doors.

`create_app` knows no door by name: `admin/serve.py` hands it the blueprints of the API, the pages, the media, the
inbox, the outbox and the operator. Nothing is opened here; `runtime` is opened and closed by whoever serves.
"""

from collections.abc import Sequence
from typing import cast

from quart import Blueprint, Quart

from node.base.runtime import Runtime
from node.http import barriers, bodies, files, own_writes, problems, repeats, routing
from node.http.application import Application
from node.http.context import bind_runtime
from node.http.edge import Application as Asgi
from node.http.edge import Edge
from node.http.json_provider import OrjsonProvider
from node.http.principals import install as install_principals
from node.media.storage import incoming_dir


def create_app(runtime: Runtime, blueprints: Sequence[Blueprint]) -> Quart:
    """Return the application that serves `runtime` through `blueprints`."""
    app = Application("rookery", static_folder=None, template_folder=None)
    app.json = OrjsonProvider(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    routing.install(app)
    settings = runtime.settings
    sizes = bodies.UploadSizes(picture=settings.max_media_bytes, film=settings.max_video_bytes)
    bodies.install(app, sizes=sizes, spool=lambda: incoming_dir(settings.media_dir))
    files.install(app)
    bind_runtime(app, runtime)
    problems.install(app)
    barriers.install(app)
    install_principals(app)
    own_writes.install(app)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    repeats.install(app)
    edge = Edge(cast(Asgi, app.asgi_app), runtime.settings, runtime.publishing)
    app.asgi_app = edge  # type: ignore[method-assign,assignment]
    return app

"""The S3 server of demo and tests: moto, for S3 alone.

Its own program, ``moto_server``, is for all services. It looks through their folders with every request,
which takes as long as the answer of this one.
"""

from __future__ import annotations

import argparse

from moto.server import MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m airglow.demo.s3", description=__doc__.splitlines()[0])
    parser.add_argument("--host", required=True, help="address to listen on")
    parser.add_argument("--port", required=True, type=int)
    given = parser.parse_args()
    application = create_backend_app("s3")
    run_simple(given.host, given.port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()

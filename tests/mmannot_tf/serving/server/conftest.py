"""The fixtures of a server whose engine needs no training."""

import served

photo, b64, serve, start = served.photo, served.b64, served.serve, served.start
running, client = served.running, served.client

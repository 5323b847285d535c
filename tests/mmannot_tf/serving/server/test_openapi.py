"""`/openapi.json` names every route, its examples are answered, and the server does what it says."""

import warnings

import pytest
import served
from starlette.routing import Route

from mmannot_tf.serving.server.application import application
from mmannot_tf.serving.server.options import ServerOptions
from mmannot_tf.serving.server.served_model import ServedModel

FOR_BROWSERS = ("/", ".css", ".js")
"""How the paths of the page end."""


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def _routes(app):
    """The routes below all middleware, and in routers that are included."""
    while not hasattr(app, "routes"):
        app = app._app
    for route in app.routes:
        if isinstance(route, Route):
            yield route
        else:
            yield from _routes(getattr(route, "original_router", None) or route)


def test_every_route_is_described(document):
    app = application([ServedModel("photos", served.annotator())], ServerOptions(served.HERE))
    routes = {
        (route.path, method.lower())
        for route in _routes(app)
        for method in route.methods - {"HEAD"}
        if not route.path.endswith(FOR_BROWSERS)
    }
    described = {
        (path, method) for path, item in document["paths"].items() for method in item.keys() - {"parameters"}
    }
    refused = {(path, "get") for path, _ in routes if path.endswith(":predict")}
    assert routes - described == refused
    assert described <= routes


def test_it_names_the_served_models_and_no_part_is_left_over(document):
    assert document["openapi"] == "3.1.0"
    assert document["components"]["parameters"]["name"]["schema"]["enum"] == ["photos"]
    assert document["components"].keys() == {"parameters", "headers", "responses", "schemas"}
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len({*names}) == len(names) == 14


def _bodies(document):
    """The path and each example of a JSON body."""
    for path, item in document["paths"].items():
        content = item.get("post", {}).get("requestBody", {}).get("content", {})
        body = content.get("application/json", {})
        examples = [example["value"] for example in body.get("examples", {}).values()]
        for example in [*examples, *([body["example"]] if "example" in body else [])]:
            yield path.format(name="photos", version="3"), example


def test_the_examples_are_answered(client, document, photo):
    asked = [*_bodies(document)]
    assert len(asked) == 12
    for path, example in asked:
        answer = client.post(path, json=example)
        assert answer.status_code == 200, (path, answer.text)
    for path, item in document["paths"].items():
        if "get" in item:
            assert client.get(path.format(name="photos", version="3")).status_code == 200, path
    form = document["paths"]["/annotate"]["post"]
    query = {each["name"]: each["example"] for each in form["parameters"] if "example" in each}
    assert client.post("/annotate", params=query, files={"images": photo()}).status_code == 200


def _resolved(document, value):
    while "$ref" in value:
        name, value = value["$ref"], document
        for key in name.removeprefix("#/").split("/"):
            value = value[key]
    return value


@pytest.mark.exhaustive
def test_the_examples_of_answers_follow_their_schemas(document):
    import jsonschema_rs

    count = 0
    for item in document["paths"].values():
        for operation in (value for key, value in item.items() if key != "parameters"):
            for answer in operation["responses"].values():
                for media in _resolved(document, answer)["content"].values():
                    if "example" in media:
                        schema = {**media["schema"], "components": document["components"]}
                        jsonschema_rs.validate(schema, media["example"])
                        count += 1
    assert count > 20


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_the_server_does_what_it_says(running, document, kind):
    """Schemathesis asks what the description allows, and what it does not, of every operation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its imports
        import requests
        import schemathesis
        from hypothesis import HealthCheck, given, settings
        from schemathesis.checks import not_a_server_error
        from schemathesis.specs.openapi import checks

    held = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    asked = {}
    with requests.Session() as session:
        for result in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = result.ok()

            @settings(max_examples=40, deadline=None, database=None, suppress_health_check=[*HealthCheck])
            @given(operation.as_strategy(schemathesis.GenerationMode(kind)))
            def ask(case):
                answer = case.call(base_url=str(running.client.base_url), session=session)
                case.validate_response(answer, checks=held)
                statuses = asked.setdefault((case.method, case.path), set())
                statuses.add(answer.status_code)

            ask()
    assert len(asked) == 14
    if kind == "positive":
        plain = {path for method, path in asked if method == "GET" and "{version}" not in path}
        assert all(asked["GET", path] == {200} for path in plain)

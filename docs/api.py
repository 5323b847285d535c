"""Writes docs/api.md from the docstrings of the public API: `python docs/api.py > docs/api.md`."""

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import griffe

import mmannot_tf

HEAD = """# The Python API

Made by `make docs` from the docstrings. Everything here is in `mmannot_tf`:

```python
import mmannot_tf
```

`import mmannot_tf` loads neither TensorFlow nor Keras; a name imports what it needs when it is first used.
Once Keras is imported, before or after, this package registers its public classes with it: then
`keras.models.load_model` loads `.keras` files that hold them after a bare `import mmannot_tf`.

## Versions

Public are the names below with the arguments, results and errors that their docstrings state, the two command
lines, and the files that these write. Everything else can change at any time: modules under other names,
private attributes, the wording of messages.

Versions are MAJOR.MINOR.PATCH. Until 1.0, a minor version may change something public; CHANGELOG.md then says
what changed and what to do. From 1.0 on, a deprecated public name works for at least one more minor version,
with a `DeprecationWarning` that names its replacement. Runs, records and exports of earlier versions open, or
CHANGELOG.md says how to make them again.

Python 3.11 to 3.13, TensorFlow 2.21, Keras 3.12 and later.
"""
SECTIONS = (
    ("Build the network", "build_annotator Annotator Architecture ARCHITECTURES Backbone Preprocessing "
     "build_backbone map_shapes build_fusion build_ms_cnn build_pooling build_tag_encoder build_classifier "
     "build_quantity_regressor"),
    ("Use what was trained", "load LoadedModel Annotation Unreadable"),
    ("Score annotations", "score AnnotationScores"),
    ("Read records", "open_records Records"),
    ("Keras metrics", "metrics"),
    ("Keras losses", "losses"),
    ("Keras layers", "layers"),
    ("On Apache Beam", "beam"),
    ("Errors", "UserError"),
)  # fmt: skip


def main() -> None:
    """Prints the page."""
    sys.stdout.write(page())


def page() -> str:
    """The whole page, in Markdown."""
    parts = [HEAD]
    for title, names in SECTIONS:
        parts.append(f"## {title}\n")
        for name in names.split():
            parts += _entry(f"mmannot_tf.{name}", getattr(mmannot_tf, name))
    return "\n".join(parts)


def _entry(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, ModuleType):
        yield from _docstring(value)
        for member in value.__all__:
            yield from _entry(f"{name}.{member}", getattr(value, member))
        return
    yield f"### {name}\n"
    if not callable(value):
        yield f"One of {', '.join(f'`{key}`' for key in value)}.\n"
        return
    yield f"```python\n{name}{_signature(value)}\n```\n"
    yield from _docstring(value)
    if inspect.isclass(value) and value.__module__.startswith("mmannot_tf.api"):
        for member, method in vars(value).items():
            if not member.startswith("_"):
                called = "" if isinstance(method, property) else _signature(method).replace("(self, ", "(")
                yield f"#### {name}.{member}\n\n```python\n{member}{called}\n```\n"
                yield from _docstring(method)


def _signature(value: Any) -> str:
    """Names and defaults, as Keras shows them; each argument on a line of its own where there are many."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return "(message)"
    signature = inspect.signature(value)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    text = str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    if len(text) < 80:
        return text
    arguments, keyword_only = [], False
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            arguments.append("*")
        arguments.append(str(parameter))
    return "(\n    " + ",\n    ".join(arguments) + ",\n)"


def _docstring(value: Any) -> Iterator[str]:
    """A Google docstring as Markdown."""
    text = inspect.getdoc(value) or ""
    sections = griffe.Docstring(text).parse(
        "google", returns_multiple_items=False, returns_named_value=False, warnings=False
    )
    for section in sections:
        kind = section.kind.value
        if kind == "text":
            yield section.value + "\n"
        elif kind in ("parameters", "attributes"):
            yield f"{'Arguments' if kind == 'parameters' else 'Attributes'}:\n"
            yield "".join(f"- `{item.name}`: {_one_item(item.description)}\n" for item in section.value)
        elif kind == "raises":
            yield "Raises:\n"
            yield "".join(f"- `{item.annotation}`: {_one_item(item.description)}\n" for item in section.value)
        elif kind == "returns":
            yield "Returns:\n"
            yield section.value[0].description + "\n"
        else:
            yield "Example:\n"
            yield from map(_example, section.value.contents.split("\n\n"))


def _example(paragraph: str) -> str:
    if not paragraph.startswith(">>>"):
        return f"{paragraph}\n"
    lines = (line.partition("  # doctest:")[0].rstrip() for line in paragraph.splitlines())
    return "```python\n" + "\n".join(lines) + "\n```\n"


def _one_item(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()

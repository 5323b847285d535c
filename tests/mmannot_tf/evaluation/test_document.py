from dataclasses import dataclass, field

import pytest

from mmannot_tf.evaluation.document import INLINE, OPTIONAL, document


@dataclass(frozen=True)
class Inner:
    a: int
    b: tuple[float, ...]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner | None = field(metadata=INLINE)
    extra: float | None = field(default=None, metadata=OPTIONAL)
    by_name: dict = field(default_factory=dict, metadata=OPTIONAL)
    last: None = None


def test_fields_keep_their_order_and_an_inline_field_gives_its_members():
    value = Outer("x", Inner(1, (2.0,)), 0.0, {"m": Inner(3, ())})
    expected = {
        "name": "x",
        "a": 1,
        "b": [2.0],
        "extra": 0.0,
        "by_name": {"m": {"a": 3, "b": []}},
        "last": None,
    }
    assert document(value) == expected
    assert list(document(value)) == list(expected)


def test_an_empty_optional_field_and_an_inline_none_are_left_out():
    assert document(Outer("x", None)) == {"name": "x", "last": None}


def test_anything_else_is_refused():
    with pytest.raises(TypeError, match=r"Received: .*object"):
        document([object()])

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.canonical import canonical_json
from pytest_ftgate.recording import keys

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
URL = "https://api.example.com/v1/chat"


@given(value=st.lists(JSON) | st.dictionaries(st.text(), JSON))
def test_a_json_body_is_compared_in_its_canonical_spelling(value: object) -> None:
    spelled = keys.normal_body(json.dumps(value, indent=2).encode())
    assert spelled == canonical_json(json.loads(json.dumps(value)))


@given(value=st.dictionaries(st.text(), JSON))
def test_the_order_of_members_does_not_change_the_key(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert keys.request_key("POST", URL, json.dumps(value).encode()) == keys.request_key(
        "post", URL, json.dumps(turned).encode()
    )


def test_a_key_never_changes() -> None:
    body = b'{"model": "m", "temperature": 0.7, "n": 1, "messages": [{"content": "\xc3\xa9"}]}'
    assert keys.request_key("POST", URL, body) == "1e5f83b908098030abfabedde9e5c681"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((b'{"n": 1}', URL), (b'{"n": 1.0}', URL)),
        ((b'{"n": 1}', URL), (b'{"n": "1"}', URL)),
        ((b"[1, 2]", URL), (b"[2, 1]", URL)),
        ((b"", URL), (b"{}", URL)),
        ((b"", URL), (b"", URL + "?page=2")),
        ((b"", URL), (b"", URL.replace("https", "http"))),
        ((b"", "https://a.example.com:8443/"), (b"", "https://a.example.com/")),
    ],
)
def test_other_questions_have_other_keys(one: tuple[bytes, str], other: tuple[bytes, str]) -> None:
    keys_of = {keys.request_key("POST", url, body) for body, url in (one, other)}
    assert len(keys_of) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:9999/v1"),
        ("http://localhost:8080/v1", "http://LOCALHOST/v1"),
        ("http://[::1]:8080/v1", "http://[::1]/v1"),
        ("https://a.example.com/v1?b=2&a=1", "https://A.example.com/v1?a=1&b=2"),
        ("https://a.example.com", "https://a.example.com/"),
        ("https://a.example.com:443/x", "https://a.example.com/x"),
        ("https://user:pw@a.example.com/x", "https://a.example.com/x#part"),
    ],
)
def test_uris_that_mean_the_same_are_the_same(one: str, other: str) -> None:
    assert keys.normal_uri(one) == keys.normal_uri(other)


def test_a_multipart_boundary_does_not_change_the_key() -> None:
    def body(boundary: str) -> bytes:
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        return f"{part}--{boundary}--\r\n".encode()

    assert keys.normal_body(body("abc123")) == keys.normal_body(body("zzz"))
    assert keys.normal_body(b"--no end\r\ntext") == b"--no end\r\ntext"


@pytest.mark.parametrize(
    "body", [b"{broken", b'{"a": 1e999}', b'{"a": NaN}', b"[" * 100_000, b'{"a": "\xff"}']
)
def test_what_is_not_json_is_compared_as_it_is(body: bytes) -> None:
    assert keys.normal_body(body) == body


@pytest.mark.parametrize(
    ("body", "joined"),
    [
        (None, b""),
        ("é", "é".encode()),
        (bytearray(b"ab"), b"ab"),
        ([b"a", "b"], b"ab"),
        (iter([b"a", b"b"]), b"ab"),
    ],
)
def test_bodies_of_every_kind_are_bytes(body: object, joined: bytes) -> None:
    assert keys.body_bytes(body) == joined

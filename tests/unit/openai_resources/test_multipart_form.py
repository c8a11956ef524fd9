"""Every form that a client may send is read as it was meant, and every other body is refused."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chat_gateway.core.errors import InvalidRequestError
from openai_resources import multipart_form
from openai_resources.multipart_form import Form, FormFile
from tests.unit.openai_resources import forms
from tests.unit.openai_resources.forms import BOUNDARY, encoded, file, text

# Of httpx, of undici, of curl, of openai-node's streams, and the shortest.
BOUNDARIES = [
    BOUNDARY,
    "----formdata-undici-012345678901",
    "-" * 24 + "0123456789abcdef",
    "openai-x'()+_,./:=?",
    "b",
]
# What a parser that cuts at line ends, or at the beginning of a boundary, gets wrong.
PIECES = [b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n-", b"\r\n--", b"{}", b"\x00\xff", b"--b--", b"a" * 5000]


def read(body: bytes, *, boundary: str = BOUNDARY) -> Form:
    return multipart_form.read(f'multipart/form-data; boundary="{boundary}"', body, file_field="file")


@st.composite
def contents(draw: st.DrawFn, boundary: str) -> bytes:
    """Bytes that look like a boundary in many places, but have none."""
    marks = [f"--{boundary}".encode(), f"\r\n--{boundary}"[:-1].encode(), boundary.encode()]
    content = b"".join(
        draw(st.lists(st.sampled_from([*PIECES, *marks]) | st.binary(max_size=8), max_size=12))
    )
    assume(f"\r\n--{boundary}".encode() not in content)
    return content


@given(st.data(), st.sampled_from(BOUNDARIES), st.booleans())
def test_any_content_in_any_order(data: st.DataObject, boundary: str, is_named: bool) -> None:
    """The file's bytes and the texts are read exactly, wherever the file stands, with or without a name."""
    content = data.draw(contents(boundary))
    seconds = data.draw(st.text(max_size=20).filter(lambda value: f"--{boundary}" not in value))
    filename = "a.jsonl" if is_named else None
    parts = [
        file(content, filename=filename),
        text("purpose", "batch"),
        text("expires_after[seconds]", seconds),
    ]
    form = read(encoded(data.draw(st.permutations(parts)), boundary=boundary), boundary=boundary)
    assert form.file == FormFile(filename, content)
    assert form.texts == {"purpose": "batch", "expires_after[seconds]": seconds}
    assert form.table("expires_after") == {"seconds": seconds}


@given(st.data())
def test_a_body_that_ends_early(data: st.DataObject) -> None:
    """A body that was cut anywhere before its last boundary is refused, never read in part."""
    body = encoded([text("purpose", "batch"), file(data.draw(contents(BOUNDARY)))])
    cut = data.draw(st.integers(0, len(body) - len("-\r\n") - 1))
    with pytest.raises(InvalidRequestError):
        read(body[:cut])


@given(st.binary(max_size=200) | st.lists(st.sampled_from([*PIECES, f"--{BOUNDARY}".encode()])).map(b"".join))
@example(f"--{BOUNDARY}\r\n\r\n\r\n--{BOUNDARY}--".encode())
@example(f"--{BOUNDARY}--".encode())
def test_any_body(body: bytes) -> None:
    """Any bytes are read, or refused with the caller's 400."""
    form: Form | InvalidRequestError
    try:
        form = read(body)
    except InvalidRequestError as error:
        form = error
    assert isinstance(form, Form) or form.status == 400


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([text(f"field-{number}", "") for number in range(33)], "more than 32 fields"),
        ([file(b"{}", filename="x" * 5000)], "shorter name"),
        (
            [*(text(f"field-{number}", "") for number in range(31)), file(b"{}", filename="x" * 5000)],
            "shorter",
        ),
    ],
)
def test_limits(parts: list[forms.Part], said: str) -> None:
    """The 400 says which limit it is."""
    with pytest.raises(InvalidRequestError, match=said):
        read(encoded(parts))


def test_the_other_form_of_a_name() -> None:
    """`filename*` is not read: https://www.rfc-editor.org/rfc/rfc7578#section-4.2"""
    parameters = 'name="file"; filename="a"; filename*=UTF-8\'\'b'
    assert read(encoded([(parameters, b"{}")])).file == FormFile("a", b"{}")


@given(st.text(max_size=80))
def test_any_content_type(content_type: str) -> None:
    """Any header is read, or refused with the caller's 400."""
    with pytest.raises(InvalidRequestError):
        multipart_form.read(content_type, b"", file_field="file")


@pytest.mark.parametrize("size_bytes", [0, 1, 1_048_223, 1_048_224, 1_048_225, 4_000_000, 4_194_304])
def test_sizes(size_bytes: int) -> None:
    """Some servers cut a form at a megabyte, and take the line end for a part of the next field."""
    content = b"\r\n" * (size_bytes // 2) + b"\r" * (size_bytes % 2)
    form = read(encoded([file(content), text("purpose", "batch")]))
    assert form == Form({"purpose": "batch"}, FormFile("a.jsonl", content))


@pytest.mark.parametrize(
    ("sent", "filename"),
    [
        ("a b.jsonl", "a b.jsonl"),
        ("%22a%22.jsonl", '"a".jsonl'),
        ("a%0D%0Ab", "a\r\nb"),
        ("a;b=c.jsonl", "a;b=c.jsonl"),
        ("a\\b.jsonl", "a\\b.jsonl"),
        ("jöb-👍.jsonl", "jöb-👍.jsonl"),
        ("100%.jsonl", "100%.jsonl"),
        ("", ""),
    ],
)
def test_filenames(sent: str, filename: str) -> None:
    """Names are decoded as browsers and both SDKs encode them."""
    form = read(encoded([file(b"{}", filename=sent)]))
    assert form.file == FormFile(filename, b"{}")


@pytest.mark.parametrize("filename", ["a.jsonl", 'the "best".jsonl', "jöb.jsonl", "a;b=c.jsonl"])
@given(content=st.binary(max_size=3000))
def test_httpx(filename: str, content: bytes) -> None:
    """What the HTTP client of the SDK for Python sends is read, with other headers in the parts."""
    request = httpx2.Request(
        "POST", "http://x/", files={"file": (filename, content)}, data={"purpose": "batch"}
    )
    form = multipart_form.read(request.headers["content-type"], request.read(), file_field="file")
    assert form == Form({"purpose": "batch"}, FormFile(filename, content))


def test_a_preamble_and_an_epilogue() -> None:
    """Text before the first boundary and after the last one is no part."""
    body = b"preamble\r\n" + encoded([file(b"{}")]) + b"epilogue"
    assert read(body) == Form({}, FormFile("a.jsonl", b"{}"))


@pytest.mark.parametrize(
    "parts",
    [
        [file(b"1"), file(b"2")],
        [text("purpose", "batch"), text("purpose", "vision")],
        [('name="purpose"', b"\xff")],
        [text("purpose", "b" * 10_001)],
        [text(str(number), "") for number in range(33)],
        [("name=purpose\r\nContent-Length: 9", b"batch")],
    ],
    ids=["two files", "a repeated field", "not UTF-8", "a long text", "many fields", "a wrong length"],
)
def test_refused(parts: list[forms.Part]) -> None:
    """A form that two readers could understand differently is refused, and so is one that is too long."""
    with pytest.raises(InvalidRequestError):
        read(encoded(parts))


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=b",
    ],
)
def test_other_content_types(content_type: str) -> None:
    """The error says what to send."""
    with pytest.raises(InvalidRequestError, match="multipart/form-data"):
        multipart_form.read(content_type, encoded([file(b"")], boundary="b"), file_field="file")


def test_nothing_of_the_form_in_an_error() -> None:
    """The messages are logged, so they repeat no text of the form."""
    for body in (
        b"secret",
        encoded([text("secret", "1"), text("secret", "2")]),
        encoded([("name=a\r\nsecret", b"")]),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            read(body)
        assert "secret" not in caught.value.body()

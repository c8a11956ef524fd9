"""Images and documents."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import media
from chat_gateway.converse.media import Media
from chat_gateway.core.errors import InvalidRequestError
from tests.unit.chat_gateway.converse.media_samples import DOCX, GIF, JPEG, OLE, PDF, PNG, WEBP, ZIP, data_url


@pytest.mark.parametrize(("content", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (GIF, "gif"), (WEBP, "webp")])
@pytest.mark.parametrize(
    "label", ["image/png", "image/jpg", "image/webp", "IMAGE/JPEG", "application/octet-stream"]
)
def test_report_13_the_content_says_the_format(content: bytes, kind: str, label: str) -> None:
    """An image's format comes from its first bytes, whatever its label says."""
    image = Media().image(data_url(content, label), "x")["image"]
    assert image == {"format": kind, "source": {"bytes": base64.b64encode(content).decode()}}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "s3://bucket/key",
        "data:image/png,abcd",
        "data:;base64,AAAA",
        "data:image/png;base64",
        "data:image/png;base64,",
        "data:image/png;base64,AAA",
        "data:image/png;base64,AA==AAAA",
        "data:image/png;base64,iVBO Rw0K",
        "data:image/png;base64,iVBORw0K\n",
        "data:image/png;base64,AAAA",
        data_url(b"<svg xmlns='...'/>", "image/svg+xml"),
        "",
        None,
        7,
        {"url": "x"},
    ],
)
def test_other_urls_are_refused(url: object) -> None:
    """A URL is never fetched, and content that is no base64 of an image is refused."""
    with pytest.raises(InvalidRequestError) as caught:
        Media().image(url, "messages[0].content[0].image_url.url")
    assert caught.value.param == "messages[0].content[0].image_url.url"


@given(st.text() | st.binary().map(lambda content: data_url(content)))
def test_any_url_is_read_or_refused(url: str) -> None:
    """Any text is an image, a document or an InvalidRequestError."""
    with suppress(InvalidRequestError):
        assert Media().image(url, "x")
    with suppress(InvalidRequestError):
        assert Media().document(url, url, "x")


@pytest.mark.parametrize(
    ("content", "type_", "filename", "kind"),
    [
        (PDF, "application/pdf", "a.pdf", "pdf"),
        (PDF, "text/plain", "a.txt", "pdf"),
        (ZIP, DOCX, "", "docx"),
        (ZIP, "application/octet-stream", "a.XLSX", "xlsx"),
        (OLE, "application/msword", "", "doc"),
        (OLE, "application/vnd.ms-excel", "", "xls"),
        (b"a,b\n", "application/vnd.ms-excel", "a.csv", "csv"),
        (b"a,b\n", "text/csv;charset=utf-8", "", "csv"),
        (b"<p>", "text/html", None, "html"),
        (b"# x", "text/markdown", None, "md"),
        (b"x", "text/plain", None, "txt"),
    ],
)
def test_a_files_format(content: bytes, type_: str, filename: str | None, kind: str) -> None:
    """A file's format comes from its first bytes, then from its media type, then from its name."""
    assert Media().document(data_url(content, type_), filename, "x")["document"]["format"] == kind


@pytest.mark.parametrize(
    ("content", "type_", "filename"),
    [
        (b"x", "application/pdf", "a.pdf"),
        (ZIP, "text/plain", "a.txt"),
        (ZIP, "application/zip", "a.zip"),
        (PNG, "image/png", "a.png"),
        (b"x\0y", "text/plain", "a.txt"),
        (b"x", "text/plain", 7),
    ],
)
def test_other_files_are_refused(content: bytes, type_: str, filename: object) -> None:
    """A file whose content contradicts its labels, or that Converse cannot read, is refused."""
    with pytest.raises(InvalidRequestError):
        Media().document(data_url(content, type_), filename, "x")


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("report.pdf", "report"),
        ("a.b.pdf", "a b"),
        ("../../etc/pass wd", "etc pass wd"),
        ("my  file_(1)[x]-2.pdf", "my file (1)[x]-2"),
        ("é.pdf", "document"),
        ("", "document"),
        (None, "document"),
        ("x" * 300, "x" * 200),
    ],
)
def test_report_13_document_names(filename: str | None, name: str) -> None:
    """A document's name holds only what Converse allows."""
    assert Media().document(data_url(PDF), filename, "x")["document"]["name"] == name


def test_report_13_equal_names_are_numbered() -> None:
    """Files of one name get different names, also if another file has the numbered name."""
    files = Media()
    given = ["a.pdf", "a (2).pdf", "a.pdf", "x" * 300, "x" * 300]
    names = [files.document(data_url(PDF), name, "x")["document"]["name"] for name in given]
    assert names == ["a", "a (2)", "a (3)", "x" * 200, "x" * 196 + " (2)"]


def test_only_so_many() -> None:
    """The twenty-first image and the sixth file of a request are refused."""
    some = Media()
    for _ in range(media.MAX_IMAGES):
        some.image(data_url(PNG), "x")
    with pytest.raises(InvalidRequestError, match="20 images"):
        some.image(data_url(PNG), "x")
    for _ in range(media.MAX_DOCUMENTS):
        some.document(data_url(PDF), "a.pdf", "x")
    with pytest.raises(InvalidRequestError, match="5 files"):
        some.document(data_url(PDF), "a.pdf", "x")


@pytest.mark.parametrize("surplus", [-1, 0, 1, 2])
def test_only_so_large(surplus: int) -> None:
    """An image of 3.75 MB passes, and one more byte is refused, whatever its padding."""
    url = data_url(PNG + b"0" * (media.MAX_IMAGE_BYTES - len(PNG) + surplus))
    if surplus <= 0:
        assert Media().image(url, "x")
        return
    with pytest.raises(InvalidRequestError, match="at most 3,750,000 bytes"):
        Media().image(url, "x")

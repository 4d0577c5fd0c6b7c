"""Objects that clients upload, driven by google-api-python-client and gcloud."""

import base64
import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.buckets import CHUNK, Bucket
from tests.sandbox.server import Sandbox, client

# Any bytes, also what ends lines and what looks like the start of a boundary.
CONTENT = b"\r\n--first\n\r" + bytes(range(256)) + b"\r\n--\r\n"


def test_content_alone_is_an_object(bucket: Bucket, sandbox: Sandbox) -> None:
    made = bucket.insert(CONTENT, name="a/b.txt").execute()

    assert bucket.read("a/b.txt") == CONTENT
    assert made == bucket.objects.get(bucket=bucket.name, object="a/b.txt").execute()
    assert (made["contentType"], made["size"]) == ("text/plain", str(len(CONTENT)))
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).digest()
    assert made["md5Hash"] == base64.b64encode(md5).decode()
    assert f"b/{bucket.name}/o/a/b.txt" in sandbox.inventory()


def test_metadata_comes_with_the_content(bucket: Bucket) -> None:
    about = {"name": "a", "metadata": {"by": "me"}, "cacheControl": "no-store"}

    made = bucket.insert(CONTENT, body=about | {"contentType": "text/x"}).execute()

    assert bucket.read("a") == CONTENT
    assert about.items() <= made.items()
    assert made["contentType"] == "text/x"


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 7])
def test_an_upload_in_pieces_is_one_object(bucket: Bucket, size: int) -> None:
    content = (CONTENT * (size // len(CONTENT) + 1))[:size]
    request = bucket.insert(content, resumable=True, body={"name": "big", "metadata": {"a": "b"}})

    status, made = None, None
    while made is None:
        assert bucket.names() == []
        status, made = request.next_chunk()

    assert status is None
    assert (made["size"], made["metadata"]) == (str(size), {"a": "b"})
    assert made["contentType"] == "text/plain"
    assert bucket.read("big") == content


def put(url: str, content_range: str, content: bytes = b"") -> tuple[int, str | None]:
    headers = {"Content-Range": content_range}
    request = urllib.request.Request(url, content, headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Range")


def test_an_upload_that_was_cut_off_goes_on(bucket: Bucket) -> None:
    """A client asks how far it came, and may send again what was taken already."""
    location = start_of(bucket, "n")

    assert put(location, "bytes */10") == (308, None)
    assert put(location, "bytes 0-3/10", b"0123") == (308, "bytes=0-3")
    assert put(location, "bytes */10") == (308, "bytes=0-3")
    assert put(location, "bytes 6-9/10", b"6789") == (308, "bytes=0-3")
    assert put(location, "bytes 2-9/10", b"23456789") == (200, None)
    assert put(location, "bytes */10") == (200, None)
    assert bucket.read("n") == b"0123456789"
    assert put(location.replace("upload_id=", "upload_id=x"), "bytes */10")[0] == 404


def start_of(bucket: Bucket, name: str) -> str:
    """Where the pieces of a new upload go."""
    base = bucket.objects._baseUrl.replace("/storage/storage/", "/upload/storage/")
    url = f"{base}b/{bucket.name}/o?uploadType=resumable&name={name}"
    with urllib.request.urlopen(
        urllib.request.Request(url, b"", method="POST"), timeout=30
    ) as begun:
        return begun.headers["Location"]


def test_a_writer_is_refused_who_means_another_generation(bucket: Bucket) -> None:
    first = bucket.insert(b"1", name="n", ifGenerationMatch="0").execute()
    for generation in ("0", "7"):
        with pytest.raises(HttpError, match="pre-conditions") as caught:
            bucket.insert(b"2", name="n", ifGenerationMatch=generation).execute()
        assert caught.value.status_code == 412

    second = bucket.insert(b"2", name="n", ifGenerationMatch=first["generation"]).execute()

    assert second["generation"] > first["generation"]
    assert bucket.read("n") == b"2"
    where = {"bucket": bucket.name, "object": "n"}
    with pytest.raises(HttpError, match="No such object"):
        bucket.objects.get(**where, generation=first["generation"]).execute()


def test_a_folder_and_an_object_of_its_name_are_two(bucket: Bucket) -> None:
    for name in ("a", "a/b"):
        bucket.insert(name.encode(), name=name).execute()
    bucket.insert(b"again", name="a").execute()
    assert (bucket.names(), bucket.read("a/b")) == (["a", "a/b"], b"a/b")

    bucket.objects.delete(bucket=bucket.name, object="a").execute()

    assert (bucket.names(), bucket.read("a/b")) == (["a/b"], b"a/b")


def test_a_bucket_goes_once_it_is_empty(bucket: Bucket) -> None:
    bucket.insert(b"1", name="n").execute()
    with pytest.raises(HttpError, match="not empty") as caught:
        bucket.buckets.delete(bucket=bucket.name).execute()
    assert caught.value.status_code == 409

    bucket.objects.delete(bucket=bucket.name, object="n").execute()
    bucket.buckets.delete(bucket=bucket.name).execute()

    with pytest.raises(HttpError, match="The specified bucket does not exist") as missing:
        bucket.insert(b"1", name="n").execute()
    assert missing.value.status_code == 404


@pytest.mark.parametrize(
    ("call", "status", "text"),
    [
        ({"name": ".."}, 400, "Invalid object name"),
        ({}, 400, "Required parameter: name"),
        ({"body": {"name": "n", "md5Hash": "AAAA"}}, 400, "doesn't match calculated MD5 hash"),
        ({"body": {"name": "n", "temporaryHold": True}}, 501, "without `temporaryHold`"),
        ({"body": {"name": "n", "colour": "red"}}, 400, "colour"),
    ],
)
def test_a_wrong_object_is_refused(
    bucket: Bucket, call: dict[str, Any], status: int, text: str
) -> None:
    with pytest.raises(HttpError, match=text) as caught:
        bucket.insert(b"1", **call).execute()

    assert caught.value.status_code == status
    assert bucket.names() == []


def test_content_comes_by_the_paths_for_it(bucket: Bucket, sandbox: Sandbox) -> None:
    for path in ("/storage/storage/v1", "/upload/storage/v1"):
        status, answer = sandbox.call("POST", f"{path}/b/{bucket.name}/o?name=n", {})
        assert (status, answer["error"]["errors"][0]["reason"]) == (400, "wrongUrlForUpload")


def test_objects_survive_a_killed_sandbox(tmp_path: Path) -> None:
    server = Sandbox(tmp_path / "home")
    server.start()
    Bucket(client(server.url, "storage", "v1"), "meshwright-dev").insert(
        CONTENT, name="n"
    ).execute()

    server.kill()
    server.start()

    again = client(server.url, "storage", "v1").objects()
    read = again.get_media(bucket="meshwright-dev-files", object="n").execute()
    server.stop()
    assert read == CONTENT


@pytest.mark.gcloud
@pytest.mark.parametrize(("threshold", "kind"), [("8Mi", "multipart"), ("1Ki", "resumable")])
def test_gcloud_copies_there_and_back(
    gcloud: Callable[..., Any],
    bucket: Bucket,
    sandbox: Sandbox,
    tmp_path: Path,
    threshold: str,
    kind: str,
) -> None:
    """Small files go in one request, those above the threshold piece by piece."""
    gcloud("config", "set", "storage/resumable_threshold", threshold)
    before = sandbox.journal()[-1]["n"]
    source, back = tmp_path / "source.bin", tmp_path / "back.bin"
    source.write_bytes(CONTENT * 1000)
    where = f"gs://{bucket.name}/folder/copy.bin"

    gcloud("storage", "cp", str(source), where)
    assert bucket.read("folder/copy.bin") == source.read_bytes()
    gcloud("storage", "cp", where, str(back))
    described = gcloud("storage", "objects", "describe", where)
    gcloud("storage", "rm", where)

    assert back.read_bytes() == source.read_bytes()
    assert described["size"] == len(CONTENT) * 1000
    kinds = {entry["query"].get("uploadType") for entry in sandbox.journal(before)}
    assert kinds == {None, kind}
    assert bucket.names() == []

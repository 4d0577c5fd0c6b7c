"""Changes of what is said of an object, driven by google-api-python-client and gcloud."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.buckets import Bucket

ABOUT = {"contentType": "text/x", "metadata": {"by": "me", "for": "you"}, "cacheControl": "no"}


@pytest.fixture
def made(bucket: Bucket) -> dict[str, Any]:
    """An object whose name is that of a folder, too."""
    return bucket.insert(b"content", body=ABOUT | {"name": "a/b"}).execute()


def change(bucket: Bucket, body: dict[str, Any], verb: str = "patch", **more: str) -> Any:
    return getattr(bucket.objects, verb)(bucket=bucket.name, object="a/b", body=body, **more)


def test_a_patch_changes_what_it_names(bucket: Bucket, made: dict[str, Any]) -> None:
    body = {"metadata": {"by": None, "new": "one"}, "cacheControl": None, "contentType": "text/y"}

    after = change(bucket, body).execute()

    assert after == bucket.objects.get(bucket=bucket.name, object="a/b").execute()
    assert after["metadata"] == {"for": "you", "new": "one"}
    assert after["contentType"] == "text/y"
    assert "cacheControl" not in after
    assert (after["generation"], after["metageneration"]) == (made["generation"], "2")
    assert after["etag"] != made["etag"]
    assert bucket.read("a/b") == b"content"


def test_an_update_takes_away_what_it_does_not_name(bucket: Bucket, made: dict[str, Any]) -> None:
    """A client sends all that it has read, also what only the cloud says."""
    after = change(bucket, made | {"metadata": {"only": "this"}, "size": "1"}, "update").execute()
    bare = change(bucket, {}, "update").execute()

    assert after["metadata"] == {"only": "this"}
    assert (after["cacheControl"], after["size"]) == ("no", "7")
    assert not {"metadata", "cacheControl"} & bare.keys()
    assert bare["metageneration"] == "3"
    assert bucket.read("a/b") == b"content"


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        ({}, {"ifMetagenerationMatch": "2"}, 412),
        ({}, {"ifMetagenerationNotMatch": "1"}, 412),
        ({}, {"ifGenerationMatch": "7"}, 412),
        ({}, {"generation": "7"}, 404),
        ({"storageClass": "NEARLINE"}, {}, 400),
        ({"temporaryHold": True}, {}, 501),
        ({"colour": "red"}, {}, 400),
    ],
)
@pytest.mark.parametrize("verb", ["patch", "update"])
def test_a_change_that_cannot_be_is_refused(
    bucket: Bucket, verb: str, body: dict[str, Any], more: dict[str, str], status: int
) -> None:
    before = bucket.objects.get(bucket=bucket.name, object="a/b").execute()

    with pytest.raises(HttpError) as caught:
        change(bucket, {"metadata": {"x": "y"}} | body, verb, **more).execute()

    assert caught.value.status_code == status
    assert bucket.objects.get(bucket=bucket.name, object="a/b").execute() == before


def test_who_has_an_object_already_is_told_so(bucket: Bucket, made: dict[str, Any]) -> None:
    where = {"bucket": bucket.name, "object": "a/b"}

    with pytest.raises(HttpError) as caught:
        bucket.objects.get(**where, ifGenerationNotMatch=made["generation"]).execute()

    assert caught.value.status_code == 304
    assert bucket.objects.get(**where, ifGenerationNotMatch="7").execute() == made


@pytest.mark.gcloud
@pytest.mark.usefixtures("made")
def test_gcloud_updates_an_object(gcloud: Callable[..., Any], bucket: Bucket) -> None:
    where = f"gs://{bucket.name}/a/b"

    gcloud("storage", "objects", "update", where, "--update-custom-metadata=new=one")
    gcloud("storage", "objects", "update", where, "--storage-class=nearline")

    after = bucket.objects.get(bucket=bucket.name, object="a/b").execute()
    assert after["storageClass"] == "NEARLINE"
    assert after["metadata"] == {"by": "me", "for": "you", "new": "one"}
    assert bucket.read("a/b") == b"content"

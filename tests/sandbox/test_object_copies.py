"""Objects that are made from others, driven by google-api-python-client and gcloud."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.buckets import Bucket
from tests.sandbox.conftest import GoogleClients

Gcloud = Callable[..., Any]
MEBIBYTE = 1 << 20
ABOUT = {"contentType": "text/x", "metadata": {"by": "me"}, "cacheControl": "no-store"}


@pytest.fixture
def other(google: GoogleClients, project: str) -> Bucket:
    """A bucket elsewhere, with another class by default."""
    settings = {"location": "europe-west4", "storageClass": "NEARLINE"}
    return Bucket(google("storage", "v1"), project, "other", **settings)


def places(source: Bucket, name: str, target: Bucket, new_name: str) -> dict[str, str]:
    return {
        "sourceBucket": source.name,
        "sourceObject": name,
        "destinationBucket": target.name,
        "destinationObject": new_name,
    }


def compose(bucket: Bucket, target: str, *names: str, **more: Any) -> Any:
    body = {"sourceObjects": [{"name": name} for name in names]} | more.pop("body", {})
    return bucket.objects.compose(
        destinationBucket=bucket.name, destinationObject=target, body=body, **more
    )


def refused(status: int, request: Any) -> str:
    with pytest.raises(HttpError) as caught:
        request.execute()
    assert caught.value.status_code == status
    return json.loads(caught.value.content)["error"]["message"]


@pytest.mark.parametrize("verb", ["copy", "rewrite"])
def test_a_copy_is_an_object_of_its_own(bucket: Bucket, other: Bucket, verb: str) -> None:
    source = bucket.insert(b"content", body=ABOUT | {"name": "a/b c"}).execute()

    call = getattr(bucket.objects, verb)
    answer = call(**places(bucket, "a/b c", other, "x/y"), body={}).execute()
    made = answer["resource"] if verb == "rewrite" else answer
    bucket.objects.delete(bucket=bucket.name, object="a/b c").execute()

    assert made == other.objects.get(bucket=other.name, object="x/y").execute()
    assert other.read("x/y") == b"content"
    assert ABOUT.items() <= made.items()
    assert (made["md5Hash"], made["storageClass"]) == (source["md5Hash"], "NEARLINE")
    assert made["generation"] > source["generation"]
    assert made["metageneration"] == "1"


def test_what_is_said_of_a_copy_replaces_all_that_the_source_says(bucket: Bucket) -> None:
    bucket.insert(b"1", body=ABOUT | {"name": "a"}).execute()
    where = places(bucket, "a", bucket, "a")

    body = {"metadata": {"now": "mine"}, "storageClass": "COLDLINE"}
    answer = bucket.objects.rewrite(**where, body=body).execute()

    assert (answer["done"], answer["totalBytesRewritten"], answer["objectSize"]) == (True, "1", "1")
    assert body.items() <= answer["resource"].items()
    assert "cacheControl" not in answer["resource"]
    assert bucket.read("a") == b"1"


def test_a_copy_to_elsewhere_is_made_step_by_step(bucket: Bucket, other: Bucket) -> None:
    size = 2 * MEBIBYTE + 7
    bucket.insert(b"x" * size, name="big").execute()
    where = places(bucket, "big", other, "big")
    limit = {"maxBytesRewrittenPerCall": str(MEBIBYTE), "body": {}}

    answer = bucket.objects.rewrite(**where, **limit).execute()
    written = [answer["totalBytesRewritten"]]
    while not answer["done"]:
        assert other.names() == []
        token = answer["rewriteToken"]
        answer = bucket.objects.rewrite(**where, **limit, rewriteToken=token).execute()
        written.append(answer["totalBytesRewritten"])

    assert written == [str(MEBIBYTE), str(2 * MEBIBYTE), str(size)]
    assert other.read("big") == b"x" * size
    at_home = bucket.objects.rewrite(**places(bucket, "big", bucket, "b"), **limit).execute()
    assert at_home["done"] is True


def test_a_token_is_for_the_copy_that_it_was_given_for(bucket: Bucket, other: Bucket) -> None:
    bucket.insert(b"x" * (MEBIBYTE + 1), name="big").execute()
    limit = {"maxBytesRewrittenPerCall": str(MEBIBYTE), "body": {}}
    begun = bucket.objects.rewrite(**places(bucket, "big", other, "big"), **limit).execute()

    for token, name in ((begun["rewriteToken"], "another"), ("bm90aGluZw==", "big"), ("?", "big")):
        where = places(bucket, "big", other, name)
        request = bucket.objects.rewrite(**where, **limit, rewriteToken=token)
        assert "rewriteToken" in refused(400, request)
    request = bucket.objects.rewrite(
        **places(bucket, "big", other, "big"), body={}, maxBytesRewrittenPerCall="1000"
    )
    assert "multiple of 1 MiB" in refused(400, request)
    assert other.names() == []


@pytest.mark.parametrize("verb", ["copy", "rewrite"])
@pytest.mark.parametrize(
    ("condition", "value", "status"),
    [
        ("ifGenerationMatch", "0", 412),
        ("ifGenerationMatch", "{target}", 200),
        ("ifGenerationNotMatch", "{target}", 412),
        ("ifMetagenerationMatch", "2", 412),
        ("ifSourceGenerationMatch", "{target}", 412),
        ("ifSourceGenerationMatch", "{source}", 200),
        ("ifSourceGenerationNotMatch", "{source}", 412),
        ("ifSourceMetagenerationMatch", "2", 412),
        ("sourceGeneration", "{target}", 404),
        ("sourceGeneration", "{source}", 200),
    ],
)
def test_a_copy_is_made_under_conditions(
    bucket: Bucket, verb: str, condition: str, value: str, status: int
) -> None:
    source = bucket.insert(b"new", name="source").execute()["generation"]
    target = bucket.insert(b"old", name="target").execute()["generation"]
    said = {condition: value.format(source=source, target=target)}
    where = places(bucket, "source", bucket, "target")
    request = getattr(bucket.objects, verb)(**where, body={}, **said)

    if status == 200:
        request.execute()
    else:
        refused(status, request)

    assert bucket.read("target") == (b"new" if status == 200 else b"old")


@pytest.mark.parametrize("verb", ["copy", "rewrite"])
def test_both_ends_of_a_copy_must_be_there(bucket: Bucket, verb: str) -> None:
    bucket.insert(b"1", name="a").execute()
    call = getattr(bucket.objects, verb)
    missing = places(bucket, "a", bucket, "b")
    no_bucket = "The specified bucket does not exist."

    for end, said in (
        ({"sourceObject": "gone"}, f"No such object: {bucket.name}/gone"),
        ({"sourceBucket": "gone-bucket"}, no_bucket),
        ({"destinationBucket": "gone-bucket"}, no_bucket),
    ):
        assert refused(404, call(**missing | end, body={})) == said
    assert "Invalid object name" in refused(
        400, call(**missing | {"destinationObject": "n" * 1025}, body={})
    )
    assert "colour" in refused(400, call(**missing, body={"colour": "red"}))
    assert "temporaryHold" in refused(501, call(**missing, body={"temporaryHold": True}))
    assert bucket.names() == ["a"]


def test_what_is_retained_is_not_replaced_by_a_copy(bucket: Bucket) -> None:
    bucket.insert(b"new", name="source").execute()
    retention = {"retentionPolicy": {"retentionPeriod": "3600"}}
    bucket.buckets.patch(bucket=bucket.name, body=retention).execute()
    bucket.insert(b"old", name="target").execute()

    where = places(bucket, "source", bucket, "target")
    assert "retention" in refused(403, bucket.objects.rewrite(**where, body={}))
    assert "retention" in refused(403, compose(bucket, "target", "source"))
    assert bucket.read("target") == b"old"


def test_a_composite_is_what_its_parts_are_in_their_order(bucket: Bucket) -> None:
    for name in ("1", "2"):
        bucket.insert(name.encode(), name=name).execute()

    made = compose(bucket, "12", "1", "2", body={"destination": ABOUT}).execute()
    again = compose(bucket, "1", "1", "12", "2").execute()

    assert (bucket.read("12"), bucket.read("1")) == (b"12", b"1122")
    assert ABOUT.items() <= made.items()
    assert (made["componentCount"], again["componentCount"]) == (2, 4)
    assert "md5Hash" not in made  # as documented: only what was written in one piece has one
    assert bucket.names() == ["1", "12", "2"]


def test_a_copied_composite_has_its_parts_unless_it_moves(bucket: Bucket, other: Bucket) -> None:
    bucket.insert(b"1", name="1").execute()
    compose(bucket, "11", "1", "1").execute()

    at_home = bucket.objects.copy(**places(bucket, "11", bucket, "x"), body={}).execute()
    moved = bucket.objects.copy(**places(bucket, "11", other, "x"), body={}).execute()

    assert (at_home["componentCount"], moved["componentCount"]) == (2, 1)
    assert "md5Hash" not in moved


def test_parts_may_go_with_the_composition(bucket: Bucket) -> None:
    for name in ("1", "2", "3"):
        bucket.insert(name.encode(), name=name).execute()

    compose(bucket, "1", "1", "2", body={"deleteSourceObjects": True}).execute()

    assert bucket.names() == ["1", "3"]
    assert bucket.read("1") == b"12"


def test_a_wrong_composition_is_refused(bucket: Bucket) -> None:
    first = bucket.insert(b"1", name="1").execute()["generation"]

    assert "at least one" in refused(400, compose(bucket, "x"))
    many = refused(400, compose(bucket, "x", *["1"] * 33))
    assert many == "The number of source components provided (33) exceeds the maximum (32)"
    assert refused(404, compose(bucket, "x", "1", "2")) == f"No such object: {bucket.name}/2"
    for asked, status in (
        ({"generation": "7"}, 404),
        ({"objectPreconditions": {"ifGenerationMatch": "7"}}, 412),
    ):
        refused(status, compose(bucket, "x", body={"sourceObjects": [{"name": "1"} | asked]}))
    refused(412, compose(bucket, "1", "1", ifGenerationMatch="0"))
    assert "colour" in refused(400, compose(bucket, "x", "1", body={"colour": "red"}))
    assert bucket.names() == ["1"]

    held = {"name": "1", "generation": first, "objectPreconditions": {"ifGenerationMatch": first}}
    compose(bucket, "1", body={"sourceObjects": [held]}, ifGenerationMatch=first).execute()


@pytest.mark.gcloud
def test_gcloud_copies_moves_and_composes(
    gcloud: Gcloud, bucket: Bucket, other: Bucket, tmp_path: Path
) -> None:
    bucket.insert(b"one", body=ABOUT | {"name": "1"}).execute()
    bucket.insert(b"two", name="2").execute()
    here, there = f"gs://{bucket.name}", f"gs://{other.name}"
    back = tmp_path / "back"

    gcloud("storage", "cp", f"{here}/1", f"{there}/copy")
    gcloud("storage", "mv", f"{here}/2", f"{here}/moved")
    gcloud("storage", "objects", "compose", f"{here}/1", f"{here}/moved", f"{here}/both")
    gcloud("storage", "cp", f"{here}/both", str(back))

    assert other.read("copy") == b"one"
    copied = other.objects.get(bucket=other.name, object="copy").execute()
    assert (copied["contentType"], copied["metadata"]) == ("text/x", {"by": "me"})
    assert bucket.names() == ["1", "both", "moved"]
    assert back.read_bytes() == b"onetwo"

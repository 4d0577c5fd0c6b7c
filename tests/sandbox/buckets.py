"""A bucket of Cloud Storage for tests, and what they do with its objects."""

import io
from typing import Any

from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseDownload

CHUNK = 256 * 1024


class Bucket:
    """A bucket, and calls about its objects."""

    def __init__(self, storage: Any, project: str, name: str = "files", **settings: Any) -> None:
        self.name, self.buckets, self.objects = (
            f"{project}-{name}",
            storage.buckets(),
            storage.objects(),
        )
        self.buckets.insert(project=project, body=settings | {"name": self.name}).execute()

    def insert(self, content: bytes, *, resumable: bool = False, **call: Any) -> Any:
        media = MediaInMemoryUpload(content, "text/plain", chunksize=CHUNK, resumable=resumable)
        return self.objects.insert(bucket=self.name, media_body=media, **call)

    def read(self, name: str) -> bytes:
        held = io.BytesIO()
        download = MediaIoBaseDownload(held, self.objects.get_media(bucket=self.name, object=name))
        while not download.next_chunk()[1]:
            pass
        return held.getvalue()

    def names(self) -> list[str]:
        listed = self.objects.list(bucket=self.name).execute()
        return [each["name"] for each in listed.get("items", [])]

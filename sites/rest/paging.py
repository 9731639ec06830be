"""Lists in pieces: `limit` and `offset` in, `items` and `count` out."""

from ninja import Schema
from ninja.pagination import LimitOffsetPagination
from pydantic import Field

MAX_LIMIT = 500
#: Beyond it no list goes; larger numbers would not fit SQLite's integers.
_MAX_OFFSET = 2**31 - 1


class Paged(LimitOffsetPagination):
    """At most 500 rows an answer; a larger `limit` is refused, not silently cut."""

    class Input(Schema):
        limit: int = Field(100, ge=1, le=MAX_LIMIT)
        offset: int = Field(0, ge=0, le=_MAX_OFFSET)

"""What the contract suite reads here: settings as somebody fills them in, and the answer to them."""

from integrations.errors import BadAnswer, Unreachable

EXAMPLE = {
    "url": "http://127.0.0.1:1/t",
    "json_path": "a[0].t",
    "humidity_path": "h",
    "window_path": "h",
    "presence_path": "h",
}
DOCUMENT = b'{"a":[{"t":20.5}],"h":45}'
#: Bodies, and the fields of the reading or the error that each must give.
ANSWERS = {
    DOCUMENT: {"temperature_celsius": 20.5, "humidity_percent": 45.0},
    b'{"a":[{"t":"20.5"}],"h":null}': {"temperature_celsius": 20.5, "humidity_percent": None},
    b'{"a":[{"t":null}]}': Unreachable,
    b'{"a":[]}': BadAnswer,
    b"20.5": BadAnswer,
    b"<html>": BadAnswer,
}

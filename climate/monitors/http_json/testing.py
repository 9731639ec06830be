"""What the contract suite reads here: settings as somebody fills them in, and the answer to them."""

EXAMPLE = {
    "url": "http://127.0.0.1:1/t",
    "json_path": "a[0].t",
    "humidity_path": "h",
    "window_path": "h",
    "presence_path": "h",
}
DOCUMENT = b'{"a":[{"t":20.5}],"h":45}'

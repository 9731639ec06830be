"""What the contract suite reads here: settings as somebody fills them in, and a message to each topic."""

EXAMPLE = {
    "topic": "home/hall",
    "json_path": "a[0].t",
    "humidity_path": "h",
    "window_topic": "home/hall/window",
    "presence_path": "h",
    "availability_topics": "home/hall/LWT",
    "available_values": "online, ?",
}
DOCUMENT = b'{"a":[{"t":20.5}],"h":45}'

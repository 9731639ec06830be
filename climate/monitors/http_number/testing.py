"""What the contract suite reads here: settings as somebody fills them in, and answers with what each must give."""

from integrations.errors import BadAnswer

EXAMPLE = {"url": "http://127.0.0.1:1/t"}
DOCUMENT = b"21.5"
#: Bodies, and the fields of the reading or the error that each must give.
ANSWERS = {
    b"21.5\n": {"temperature_celsius": 21.5},
    b"21,5": {"temperature_celsius": 21.5},
    b"70.7 \xc2\xb0F": {"temperature_celsius": 21.5},
    b"-3": {"temperature_celsius": -3.0},
    b"": BadAnswer,
    b"nan": BadAnswer,
    b"-999": BadAnswer,
    b"\xff\x80\xfe": BadAnswer,
    b"<html>21.5</html>": BadAnswer,
    b'{"t": 21.5}': BadAnswer,
    b"21.5 %": BadAnswer,
    b"2" * 100: BadAnswer,
}

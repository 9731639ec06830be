"""What the contract suite reads here: settings as somebody fills them in, and what Home Assistant answers."""

EXAMPLE = {
    "entity_temperature": "sensor.t",
    "entity_humidity": "sensor.h",
    "entity_window": "binary_sensor.w",
    "entity_presence": "person.p",
}
#: State and unit of each entity.
STATES = {
    "sensor.t": ("20.5", "°C"),
    "sensor.h": ("45", "%"),
    "binary_sensor.w": ("off", None),
    "person.p": ("home", None),
}

"""What the contract suite reads here: settings as somebody fills them in, and what Home Assistant answers."""

EXAMPLE = {"entity_switch": "switch.plug", "entity_power": "sensor.power"}
#: State and unit of each entity.
STATES = {"switch.plug": ("on", None), "sensor.power": ("3250", "W")}

"""What the contract suite reads here: settings as somebody fills them in, and what Home Assistant answers."""

EXAMPLE = {
    "entity_production": "sensor.pv",
    "entity_consumption": "sensor.load",
    "entity_grid": "sensor.grid",
    "entity_battery_soc": "sensor.soc",
    "entity_battery_power": "sensor.battery",
    "entity_battery_remaining_capacity": "sensor.left",
}
#: State and unit of each entity.
STATES = {
    "sensor.pv": ("3.2", "kW"),
    "sensor.load": ("900", "W"),
    "sensor.grid": ("-1500", "W"),
    "sensor.soc": ("62", "%"),
    "sensor.battery": ("800", "W"),
    "sensor.left": ("6.2", "kWh"),
}

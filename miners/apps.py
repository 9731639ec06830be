from django.apps import AppConfig


class MinersConfig(AppConfig):
    name = "miners"
    verbose_name = "4 · Miners"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from .controllers import (  # noqa: F401
            asic_rs,
            avalon,
            axeos,
            braiins,
            dummy,
            heater_21energy,
            home_assistant_switch,
            luxos,
            shelly_plug,
            simulated,
            vnish,
        )
        from .hashprice import braiins_pool as _reward  # noqa: F401
        from .hashprice import mempool, typed  # noqa: F401
        from .pools import braiins_pool, ocean  # noqa: F401
        from .pools import simulated as _simulated  # noqa: F401

"""What each controller switches, as keys that are equal for the same physical thing (`miners.identity.devices`)."""

from __future__ import annotations

from django.db import models

from .models import MinerController


class DeviceKey(models.Model):
    """One key of what a controller switches. Two controllers with a key in common switch the same thing.

    No constraint forbids that: homes that have it already must stay readable, so that they can be told and mended.
    Whoever writes a controller checks it under a lock (`miners.identity.devices.refuse_taken`).
    """

    controller = models.ForeignKey(MinerController, on_delete=models.CASCADE, related_name="device_keys")
    key = models.CharField(max_length=700, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["controller", "key"], name="one_key_of_a_controller")]

    def __str__(self) -> str:
        return self.key

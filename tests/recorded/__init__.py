"""Three recorded days: what the house commanded and recorded before it was re-built, replayed through whole passes.

A day is a small world of its own (`world.py`: rooms, weather from a seed, sensors, plugs, machines with levels) with
what happens in it by the clock (`days.py`: faults and their ends, hands, restarts). The commands change the world, so
the loop is closed; the world computes with + − × ÷ only, so that it is the same on every machine. `data/<day>/` keeps

* `home.json`: what is set up, the clock (first and last moment, period) and the seed,
* `readings.jsonl.gz`: what the world answered before each pass, where it changed,
* `writes.jsonl`: every write that reached a device, with its moment and its outcome,
* `decisions.jsonl`, `alarms.jsonl`, `rows.jsonl`: decisions; alarms raised and cleared, and what Home Assistant was
  told of them; logged commands, requests by hand, overrides, periods, activity, and every step of what is wanted of a
  miner (watts, origin, confirmed, seen on, attempts, starts, watts before the change, watts beyond what it was told),
* `minutes.jsonl.gz`: the recorded minutes of rooms, sources and miners,
* `sentences.jsonl`: every sentence of these, by what it belongs to. Wording is compared by itself.

`test_recorded.py` replays each day and compares. `python -m tests.recorded write --why "…"` records again;
`--sentences` records the sentences alone, and refuses where behaviour differs. Whoever records other behaviour says
why: the reason goes to `differences.md`, whose last line carries the digest of what is recorded.

Names of the program that a replay touches, and no others:

* `optimization.passes.run.run_sites(ids, clock=…)` and `PassReport.completed`; the clock is ours (`now`, `monotonic`,
  `boot`). `sites.heartbeat.completed_tick`, as the tick calls it. How long devices are waited for is set where the
  names in `seam.py` exist (`run.OBSERVE_SECONDS`, `act.WRITE_SECONDS`, `act.ACT_SECONDS`, `tell.TELL_SECONDS`), so that
  a busy machine changes nothing and a device that hangs costs seconds; where they are gone nothing is set;
* models and their columns: `sites` (Site, Alarm, ActivityLog), `climate` (ClimateMonitor, ClimateZone,
  TemperatureSlot, TargetOverride, TargetPeriod, ZoneReading), `energy` (EnergyMonitor, EnergySource, EnergyReading),
  `miners` (MinerController, Circuit, Miner, ManualRequest, DesiredState, CommandLog, MinerReading, PoolAccount,
  HashPriceSource), `optimization` (Policy, Rule, OptimizationUnit, Decision), `integrations` (HomeAssistant);
* what a person does: `miners.services` (request_power, resume, all_off, resume_all), `climate.services` (set_override,
  cancel_override, start_period, end_period, confirm_value), `sites.services.acknowledge_alarm`;
* the registry of adapters (`seam.py`): Adapter, AdapterConfig, Kind, ConnectionKind, register, openers, the session
  class of Home Assistant with EntityAnswers and EntityState, the readings (ClimateReading, EnergySnapshot,
  MinerSnapshot, MinerStatus, SwitchedBy) and the errors of `integrations.errors`. Rooms and plugs of Home Assistant are
  read by the program's own adapters; machines and meters by two adapters of `seam.py`;
* `tests.process_memory.forget()`: what a new process does not know. A cache that lives as long as the process belongs
  there.
"""

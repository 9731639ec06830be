"""Boards that speak AxeOS' API: how they are called, what they take at their usual frequency. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from miners.protocols.cgminer import count, number

#: Watts on the board at the default frequency, by the model's own name in lower case (makers' figures, rounded).
_BITAXE_W = {
    "max": 12.0,
    "ultra": 12.0,
    "supra": 15.0,
    "gamma": 19.0,
    "gammaduo": 38.0,
    "gammaturbo": 38.0,
    "gt": 38.0,
    "hex": 65.0,
    "ultrahex": 65.0,
    "suprahex": 90.0,
}
USUAL_W = {
    **_BITAXE_W,
    "nerdaxe": 12.0,
    "nerdaxegamma": 19.0,
    "nerdqaxe+": 55.0,
    "nerdqaxe++": 75.0,
    "nerdoctaxe-γ": 150.0,
}
#: Firmware that does not name its board tells its version (401) and its chip.
_BY_VERSION = {"1": "Max", "2": "Ultra", "3": "UltraHex", "4": "Supra", "6": "Gamma", "65": "GammaDuo", "7": "SupraHex"}
_BY_VERSION |= {"8": "GammaTurbo"}
_BY_CHIP = {"BM1397": "Max", "BM1366": "Ultra", "BM1368": "Supra", "BM1370": "Gamma"}
_WITH_SIX_CHIPS = {"Ultra": "UltraHex", "Supra": "SupraHex"}


def model_of(info: Mapping[str, Any], asic: Mapping[str, Any]) -> str:
    """The board's own name (“Gamma”, “NerdQAxe++”), else by its version or chip; empty: nothing tells it."""
    for answer in (asic, info):
        said = answer.get("deviceModel")
        if isinstance(said, str) and said.strip():
            return "".join(letter for letter in said.strip()[:40] if letter.isprintable())
    version = str(info.get("boardVersion") or "")
    by_version = _BY_VERSION.get(version[:2]) or _BY_VERSION.get(version[:1])
    if len(version) == 3 and version.isdigit() and by_version:
        return by_version
    by_chip = _BY_CHIP.get(str(info.get("ASICModel") or "").upper(), "")
    return _WITH_SIX_CHIPS.get(by_chip, by_chip) if (count(info.get("asicCount")) or 1) >= 6 else by_chip


def is_nerd(info: Mapping[str, Any], model: str) -> bool:
    """It runs the NerdQAxe branch of the firmware."""
    return model.lower().startswith("nerd") or "shutdown" in info or "asicTemps" in info


def shown(model: str, nerd: bool) -> str:
    """How the program calls it."""
    if model.lower() in _BITAXE_W and not nerd:
        return f"Bitaxe {model}"
    return model or ("NerdQAxe" if nerd else "Bitaxe")


def frequencies_mhz(asic: Mapping[str, Any]) -> list[int]:
    """Those it lists, up to its default one, rising; none where it lists none."""
    usual, options = number(asic.get("defaultFrequency"), 1, 5000), asic.get("frequencyOptions")
    if usual is None or not isinstance(options, list):
        return []
    told = (one.get("value") if isinstance(one, dict) else one for one in options)
    return sorted({int(mhz) for one in told if (mhz := number(one, 1, 5000)) is not None and mhz <= usual})


def chip_celsius(info: Mapping[str, Any]) -> Iterator[float]:
    """°C: each chip's where it lists them (NerdQAxe), else of its one or two sensors; what is not there is −1 or 0."""
    each = info.get("asicTemps")
    for told in ([*(each if isinstance(each, list) else [])], [info.get("temp"), info.get("temp2")]):
        found = [celsius for one in told if (celsius := number(one, 1, 200)) is not None]
        if found:
            yield from found
            return


def chips_answer(info: Mapping[str, Any]) -> bool:
    """A sensor of a chip that has power tells a temperature; without any, every one says −1, 0 or nothing."""
    each = info.get("asicTemps")
    told = each if isinstance(each, list) and each else [info.get("temp"), info.get("temp2")]
    return any(number(one, 1, 200) is not None for one in told)


def is_overheated(info: Mapping[str, Any]) -> bool:
    """A NerdQAxe tells at which temperature it stops, too."""
    limit, hottest = number(info.get("overheat_temp"), 40, 200), max(chip_celsius(info), default=None)
    return limit is not None and hottest is not None and hottest >= limit


def nerd_pool(info: Mapping[str, Any]) -> bool | None:
    """Whether a pool answers a NerdQAxe; None: it does not say."""
    told, stratum = info.get("isStratumConnected"), info.get("stratum")
    pools = stratum.get("pools") if isinstance(stratum, dict) else None
    each = [one.get("connected") for one in pools if isinstance(one, dict)] if isinstance(pools, list) else []
    known = [one for one in (told, *each) if isinstance(one, bool)]
    return any(known) if known else None

"""The week editor in a real browser: a whole week in few gestures, by mouse, key and finger; nothing typed is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from climate.models import TemperatureSlot
from tests.chance import seeds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MEASURES = (Path(__file__).parent / "measures.js").read_text()
MOST_GESTURES = 25


class Editor:
    """The editor's page; every click, drag and tap is one gesture and is counted."""

    def __init__(self, page, url: str):
        self.page, self.url, self.gestures, self.problems = page, url, 0, []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.on("dialog", lambda dialog: dialog.accept())
        self.load()

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url.split("/zones/")[0], "data:")):
            self.problems.append(f"asked {url}")

    def load(self) -> None:
        self.page.goto(self.url)
        self.page.locator("#week-editor").wait_for()

    def measure(self, name: str):
        return self.page.evaluate(f"({MEASURES}).{name}()")

    def click(self, selector: str) -> None:
        self.gestures += 1
        self.page.click(selector)

    def spot(self, day: int, hour: float) -> tuple[float, float]:
        """Where an hour of a day is on the wide grid, px."""
        box = self.page.locator(".lane").nth(day).bounding_box()
        return box["x"] + box["width"] * hour / 24, box["y"] + box["height"] / 2

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self.gestures += 1
        mouse = self.page.mouse
        mouse.move(*begin)
        mouse.down()
        mouse.move(*end, steps=2)
        mouse.up()

    def paint(self, day: int, begin: float, end: float, next_day: bool = False) -> None:
        self.drag(self.spot(day, begin + 0.02), self.spot((day + 1) % 7 if next_day else day, end))

    def slot(self, words: str):
        return self.page.get_by_role("button", name=words, exact=True)

    def save(self, status: int = 200, by: str = "#week-save") -> None:
        """One click that sends the week, and the answer to just that."""
        self.gestures += 1
        with self.page.expect_response(lambda answer: answer.url.endswith("/save/")) as answered:
            self.page.click(by)
        assert answered.value.status == status

    def error(self):
        return self.page.locator("#week-error")


@pytest.fixture
def open_editor(browser, live_server, client, anna, seen_home):
    """`open_editor(width=…)`: the editor of the living room."""
    client.force_login(anna)
    contexts = []
    name = settings.SESSION_COOKIE_NAME

    def open_at(width: int = 1280, height: int = 900, scheme: str = "light", **options) -> Editor:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        return Editor(context.new_page(), live_server.url + reverse("week", args=[seen_home.zone.pk]))

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture
def zone(seen_home):
    return seen_home.zone


def stored(zone):
    rows = TemperatureSlot.objects.filter(zone=zone).order_by("weekdays", "start_time")
    return [(row.weekdays, f"{row.start_time:%H:%M}", f"{row.end_time:%H:%M}", row.target_words) for row in rows]


def add(zone, weekdays: int, start: str, end: str, **target) -> None:
    TemperatureSlot.objects.create(zone=zone, weekdays=weekdays, start_time=start, end_time=end, **target)


@pytest.fixture
def monday(zone):
    """Two slots on Monday."""
    add(zone, 1, "06:00", "08:00", preset="comfort")
    add(zone, 1, "10:00", "12:00", target_celsius=19.5)


def test_a_whole_week_is_made_in_few_gestures(open_editor, zone):
    editor = open_editor()
    editor.paint(0, 6, 8)
    editor.paint(0, 17, 22)
    editor.click("text=eco 18.0°")
    editor.paint(0, 22, 6, next_day=True)
    editor.click("#week-copy summary")
    editor.click("#week-copy >> text=Weekdays")
    editor.paint(5, 6, 8)
    editor.paint(5, 23, 8, next_day=True)
    editor.paint(6, 23, 6, next_day=True)
    editor.click("text=comfort 21.0°")
    editor.paint(5, 8, 23)
    editor.paint(6, 8, 23)
    editor.save()
    expect(editor.page.locator(".toast")).to_contain_text("The week is saved.")
    expect(editor.page.locator("#week-dirty")).to_be_hidden()
    assert stored(zone) == [
        (0b0011111, "06:00", "08:00", "comfort"),
        (0b0011111, "17:00", "22:00", "comfort"),
        (0b0011111, "22:00", "06:00", "eco"),
        (0b0100000, "06:00", "08:00", "eco"),
        (0b0100000, "23:00", "08:00", "eco"),
        (0b1000000, "23:00", "06:00", "eco"),
        (0b1100000, "08:00", "23:00", "comfort"),
    ]
    assert editor.gestures <= MOST_GESTURES
    assert editor.problems == []


def test_slots_are_dragged_resized_and_never_overlap(open_editor, monday, zone):
    editor = open_editor()
    editor.drag(editor.spot(0, 7), editor.spot(0, 9.6))  # towards the neighbour: it stops there
    expect(editor.slot("Monday 08:00 to 10:00, comfort 21.0°")).to_be_focused()
    editor.drag(editor.spot(0, 11.95), editor.spot(0, 13.25))  # its end
    expect(editor.slot("Monday 10:00 to 13:15, 19.5°")).to_be_visible()
    editor.drag(editor.spot(0, 10.05), editor.spot(0, 7))  # its beginning: the neighbour is in the way
    expect(editor.slot("Monday 10:00 to 13:15, 19.5°")).to_be_visible()
    editor.drag(editor.spot(0, 9), editor.spot(6, 23))  # to Sunday, over midnight
    expect(editor.slot("Sunday 22:00 to 24:00, comfort 21.0°")).to_be_visible()
    editor.drag(editor.spot(6, 23.95), editor.spot(0, 5))
    expect(editor.slot("Sunday 22:00 to 05:00 on Monday, comfort 21.0°")).to_be_visible()
    editor.paint(0, 4.0, 12)  # begins on a slot: moves it, as far as it can
    expect(editor.page.locator(".slot")).to_have_count(3)  # two slots, one of them on two days
    for _ in range(9):
        editor.page.keyboard.press("Control+z")
    expect(editor.slot("Monday 06:00 to 08:00, comfort 21.0°")).to_be_visible()
    expect(editor.page.locator("#week-dirty")).to_be_hidden()
    editor.page.keyboard.press("Control+Shift+z")
    expect(editor.slot("Monday 08:00 to 10:00, comfort 21.0°")).to_be_visible()
    assert editor.problems == []


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(1))
def test_whatever_one_does_no_two_slots_overlap(open_editor, monday, zone, seed):
    """Random drags, keys and copies of days; the server, which refuses every overlap, takes each week as it comes."""
    editor, chance = open_editor(), random.Random(seed)
    keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowLeft", "Control+z"]
    copies = editor.page.locator("#week-copy [data-days]")
    for _ in range(2):
        for _ in range(7):
            spots = [editor.spot(chance.randrange(7), chance.uniform(0.1, 23.9)) for _ in range(2)]
            editor.drag(*spots)
            editor.page.keyboard.press(chance.choice(keys))
        copies.nth(chance.randrange(10)).dispatch_event("click")
        editor.save(status=200)
        expect(editor.page.locator("#week-dirty")).to_be_hidden()
    assert zone.slots.exists()
    assert editor.problems == []


def test_everything_works_by_key(open_editor, monday, zone):
    editor = open_editor()
    keys = editor.page.keyboard
    editor.slot("Monday 06:00 to 08:00, comfort 21.0°").focus()
    keys.press("ArrowRight")
    keys.press("Shift+ArrowRight")
    expect(editor.slot("Monday 06:15 to 08:30, comfort 21.0°")).to_be_focused()
    keys.press("ArrowDown")
    expect(editor.slot("Tuesday 06:15 to 08:30, comfort 21.0°")).to_be_focused()
    keys.press("Enter")
    expect(editor.page.locator("[name=from]")).to_be_focused()
    editor.page.select_option("[name=day]", "0")
    editor.page.fill("[name=to]", "11:07")
    keys.press("Enter")
    expect(editor.error()).to_have_text(
        "Monday 10:00 to 12:00, 19.5°, is in the way. Change a time, or move that slot first."
    )
    assert editor.page.input_value("[name=to]") == "11:07"  # what was typed stays
    editor.page.fill("[name=to]", "09:07")
    keys.press("Enter")
    expect(editor.error()).to_be_hidden()
    expect(editor.slot("Monday 06:15 to 09:07, comfort 21.0°")).to_be_focused()
    keys.press("Delete")
    expect(editor.slot("Monday 10:00 to 12:00, 19.5°")).to_be_focused()
    editor.page.focus("#week-add")
    keys.press("Enter")
    expect(editor.page.locator("[name=from]")).to_be_focused()
    editor.page.fill("[name=to]", "06:00")  # 24 hours, were it not for the neighbour
    editor.page.fill("[name=from]", "13:00")
    editor.page.select_option("[name=target]", "")
    editor.page.fill("[name=celsius]", "40")
    keys.press("Enter")
    expect(editor.error()).to_contain_text("‘40’ °C: choose from 5 to 26.5 °C.")
    editor.page.fill("[name=celsius]", "17.5")
    editor.save()
    assert stored(zone) == [(1, "10:00", "12:00", "19.5 °C"), (1, "13:00", "06:00", "17.5 °C")]
    assert editor.problems == []


class Finger:
    """Touches of a phone, as the device sends them."""

    #: Resolves once the page has not scrolled for five frames.
    STANDS = """() => new Promise((done) => {
      let last = scrollY, still = 0;
      const look = () => {
        still = scrollY === last ? still + 1 : 0;
        last = scrollY;
        if (still >= 5) done(); else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    })"""

    def __init__(self, page):
        self.page, self.session = page, page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self._send("touchStart", begin)
        for share in (0.25, 0.5, 0.75, 1):
            self._send("touchMove", tuple(a + (b - a) * share for a, b in zip(begin, end, strict=True)))
        self.page.evaluate(self.STANDS)  # a finger that rests flings nothing: the next tap is a tap
        self._send("touchMove", end)
        self._send("touchEnd")
        self.page.evaluate(self.STANDS)

    def tap(self, spot: tuple[float, float]) -> None:
        self._send("touchStart", spot)
        self._send("touchEnd")
        self.page.evaluate(self.STANDS)


def test_on_a_phone_a_finger_paints_by_the_hours_and_scrolls_elsewhere(open_editor, zone):
    editor = open_editor(width=360, height=780, has_touch=True, is_mobile=True)
    page, finger = editor.page, Finger(editor.page)
    page.locator(".dayname").nth(2).tap()
    expect(page.locator(".lane:visible")).to_have_count(1)

    def spot(hour: float, selector: str = ".lane:visible") -> tuple[float, float]:
        box = page.locator(selector).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] * hour / 24

    to_grid = "document.querySelector('.week-grid').scrollIntoView()"
    page.evaluate(to_grid)
    scrolled = page.evaluate("scrollY")
    finger.drag(spot(8), spot(4.5))  # a swipe over the day
    page.wait_for_function("(before) => scrollY > before + 60", arg=scrolled)
    expect(page.locator(".slot")).to_have_count(0)
    page.evaluate(to_grid)
    finger.tap(spot(8.5))
    expect(editor.slot("Wednesday 08:00 to 09:00, comfort 21.0°")).to_be_visible()
    finger.drag(spot(5, ".axis"), spot(7, ".axis"))
    expect(editor.slot("Wednesday 05:00 to 07:00, comfort 21.0°")).to_be_visible()
    finger.drag(spot(6), spot(7.2))  # the chosen slot follows, and stops at its neighbour
    expect(editor.slot("Wednesday 06:00 to 08:00, comfort 21.0°")).to_be_visible()
    finger.drag(spot(6.0), spot(5.0))  # by its grip
    expect(editor.slot("Wednesday 05:00 to 08:00, comfort 21.0°")).to_be_visible()
    page.locator("#week-save").tap()
    expect(page.locator(".toast")).to_be_visible()
    assert stored(zone) == [(4, "05:00", "08:00", "comfort"), (4, "08:00", "09:00", "comfort")]
    assert editor.problems == []


def test_a_week_changed_elsewhere_is_told_and_one_chooses(open_editor, monday, zone):
    editor = open_editor()
    editor.paint(3, 6, 8)
    TemperatureSlot.objects.filter(zone=zone).update(preset="", target_celsius=17)
    editor.save(status=409)
    expect(editor.page.locator("#week-conflict")).to_contain_text("was changed elsewhere")
    editor.click("#week-reload")
    expect(editor.slot("Monday 06:00 to 08:00, 17.0°")).to_be_visible()
    expect(editor.page.locator("#week-dirty")).to_be_hidden()
    editor.click("#week-undo")  # mine again
    expect(editor.slot("Thursday 06:00 to 08:00, comfort 21.0°")).to_be_visible()
    TemperatureSlot.objects.filter(zone=zone).update(target_celsius=16)
    editor.save(status=409)
    editor.save(by="#week-overwrite")
    assert (9, "06:00", "08:00", "comfort") in stored(zone)  # mine: Monday and Thursday
    editor.save(by=".toast button")  # undo: what was stored before
    assert {words for *_, words in stored(zone)} == {"16 °C"}
    assert editor.problems == []


def test_a_refusal_and_a_dead_program_lose_nothing(open_editor, zone):
    editor = open_editor()
    editor.paint(3, 6, 8)
    type(zone).objects.filter(pk=zone.pk).update(high_limit_celsius=22)
    editor.save(status=422)
    expect(editor.error()).to_contain_text("comfort, 21 °C, is too close")
    expect(editor.page.locator(".slot.refused")).to_have_attribute(
        "aria-label", "Thursday 06:00 to 08:00, comfort 21.0°"
    )
    editor.page.context.set_offline(True)
    editor.page.click("#week-save")
    expect(editor.error()).to_contain_text("the program does not answer")
    editor.page.context.set_offline(False)
    editor.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    editor.page.click("#week-save")
    expect(editor.error()).to_contain_text("you are signed out")
    expect(editor.page.locator(".slot")).to_have_count(1)
    leaving = "() => !window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert editor.page.evaluate(leaving), "leaving the page warns of what is not saved"


def test_the_editor_fits_is_readable_and_nameable(open_editor, zone):
    add(zone, 127, "22:00", "06:00", preset="eco")
    add(zone, 31, "06:00", "06:30", preset="comfort")
    add(zone, 31, "08:00", "12:00", preset="away")
    add(zone, 96, "08:00", "20:00", target_celsius=23.5)
    add(zone, 31, "12:15", "14:00", preset="frost")
    editor = open_editor()
    for width in (360, 1440, 3840):
        for scheme in ("light", "dark"):
            editor.page.set_viewport_size({"width": width, "height": 900})
            editor.page.emulate_media(color_scheme=scheme)
            editor.page.locator(".slot:visible").nth(1).click()
            editor.page.evaluate("document.getElementById('week-copy').open = true")
            for name in ("small", "faint", "unnamed"):
                assert editor.measure(name) == [], (width, scheme, name)
            assert editor.measure("overflow") <= 0
            menu = editor.page.locator("#week-copy > div").bounding_box()
            assert menu["x"] >= 0
            assert menu["x"] + menu["width"] <= width
            editor.page.evaluate("document.getElementById('week-copy').open = false")
    assert editor.problems == []

"use strict";
/* The week editor. A week is a ring of 10 080 minutes; a slot begins at the minute `at` of it, lasts `minutes`
   (up to 24 h, over midnight too) and has a preset or °C. No two ever overlap: what would is stopped at its
   neighbour or refused. The server has the last word when the week is saved; nothing is lost when it refuses. */
(() => {
  const byId = (id) => document.getElementById(id);
  const box = byId("week-editor"), grid = byId("week-grid"), form = byId("week-slot"), fine = byId("week-fine");
  const data = JSON.parse(byId("week-data").textContent);
  const DAY = 1440, WEEK = 7 * DAY, HOUR = 60, TAP_PX = 5;
  const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  const SETS = { weekdays: [0, 1, 2, 3, 4], weekend: [5, 6], all: [0, 1, 2, 3, 4, 5, 6] };
  const presets = Object.fromEntries(data.presets.map((preset) => [preset.key, preset]));
  const lanes = [...grid.querySelectorAll(".lane")], names = [...grid.querySelectorAll(".dayname")];
  const narrow = matchMedia("(max-width: 799px)");
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  /* --- state --- */
  let ids = 0, slots = [], selected = null, refused = null, drag = null, past = [], future = [], conflict = null;
  const fresh = (blocks) => blocks.map((b) =>
    ({ id: ++ids, at: b.day * DAY + b.start, minutes: b.minutes, preset: b.preset, celsius: b.celsius }));
  const copy = () => slots.map((slot) => ({ ...slot }));
  const find = (id) => slots.find((slot) => slot.id === Number(id));
  const dayOf = (slot) => Math.floor(slot.at / DAY);
  const blocks = (list) => list.map(({ at, minutes, preset, celsius }) =>
    ({ day: Math.floor(at / DAY), start: at % DAY, minutes, preset, celsius }));
  const key = (list) => JSON.stringify(blocks([...list].sort((a, b) => a.at - b.at)));
  slots = fresh(data.blocks);
  let saved = key(slots);

  /* --- the ring --- */
  const mod = (minute) => ((minute % WEEK) + WEEK) % WEEK;
  const ahead = (from, to) => mod(to - from);
  const others = (but) => slots.filter((slot) => slot.id !== but?.id);
  const clash = (at, minutes, but) =>
    others(but).find((slot) => ahead(at, slot.at) < minutes || ahead(slot.at, at) < slot.minutes);
  /* Free minutes after and before a minute that nobody claims. */
  const after = (at, but) => Math.min(DAY, ...others(but).map((slot) => ahead(at, slot.at)));
  const before = (at, but) => Math.min(DAY, ...others(but).map((slot) => ahead(slot.at + slot.minutes, at)));
  /* Where a slot comes to lie that is wanted at `at`: there, pushed up to a neighbour, or (null) nowhere. */
  const place = (slot, at) => {
    if (!clash(at, slot.minutes, slot)) return mod(at);
    const middle = Math.floor(at + slot.minutes / 2);
    if (clash(middle, 1, slot)) return null;
    const low = middle - before(middle, slot), high = middle + after(middle, slot) - slot.minutes;
    return high < low ? null : mod(clamp(at, low, high));
  };

  /* --- words --- */
  const two = (number) => String(number).padStart(2, "0");
  const clock = (minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
  const celsiusOf = (slot) => (slot.preset ? presets[slot.preset].celsius : slot.celsius);
  const degrees = (celsius) => `${celsius.toFixed(1)}°`;
  const endOf = (slot) => (slot.at % DAY) + slot.minutes;
  const endClock = (slot) => (endOf(slot) === DAY ? "24:00" : clock(endOf(slot) % DAY));
  const words = (slot) => {
    const day = dayOf(slot), next = endOf(slot) > DAY ? ` on ${DAYS[(day + 1) % 7]}` : "";
    const target = `${slot.preset ? `${presets[slot.preset].label} ` : ""}${degrees(celsiusOf(slot))}`;
    return `${DAYS[day]} ${clock(slot.at % DAY)} to ${endClock(slot)}${next}, ${target}`;
  };
  const say = (text) => { byId("week-says").textContent = text; };
  const complain = (text) => { byId("week-error").textContent = text; byId("week-error").hidden = !text; return false; };
  const inTheWay = (slot) => complain(`${words(slot)}, is in the way. Change a time, or move that slot first.`);
  /* The shades of climate/week.py. */
  const tone = (slot) => (["away", "frost"].includes(slot.preset) ? slot.preset
    : `warmth-${clamp(Math.floor((celsiusOf(slot) - 14.5) / 2), 0, 4)}`);

  /* --- drawing --- */
  const span = (name, text) => {
    const item = document.createElement("span");
    item.className = name;
    item.textContent = text;
    return item;
  };
  const grip = (edge) => { const item = span(`grip ${edge}`, ""); item.dataset.edge = edge; return item; };
  const piece = (slot, from, to, isHead, isEnd) => {
    const item = document.createElement("div");
    item.className = `slot ${tone(slot)}`;
    item.classList.toggle("selected", slot.id === selected);
    item.classList.toggle("refused", slot.id === refused);
    item.classList.toggle("goes-on", !isEnd);
    item.classList.toggle("came-over", !isHead);
    item.dataset.id = slot.id;
    item.style.setProperty("--from", from / DAY);
    item.style.setProperty("--size", (to - from) / DAY);
    item.title = words(slot);
    if (isHead) {
      item.tabIndex = 0;
      item.setAttribute("role", "button");
      item.setAttribute("aria-label", words(slot));
      item.setAttribute("aria-pressed", slot.id === selected);
      item.append(grip("start"));
    } else item.setAttribute("aria-hidden", "true");
    if (slot.preset) item.append(span("word", presets[slot.preset].label));
    item.append(span("number", degrees(celsiusOf(slot))), span("times", `${clock(slot.at % DAY)}–${endClock(slot)}`));
    if (isEnd) item.append(grip("end"));
    return item;
  };
  const inDay = (day) => {
    const pieces = [];
    for (const slot of slots) {
      const start = slot.at % DAY, end = endOf(slot);
      if (dayOf(slot) === day) pieces.push([start, piece(slot, start, Math.min(end, DAY), true, end <= DAY)]);
      if ((dayOf(slot) + 1) % 7 === day && end > DAY) pieces.push([0, piece(slot, 0, end - DAY, false, true)]);
    }
    return pieces.sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
  };
  const skew = Date.parse(document.body.dataset.now) - Date.now();
  const format = new Intl.DateTimeFormat("en-GB",
    { timeZone: data.zone, weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const now = () => {
    const part = Object.fromEntries(format.formatToParts(Date.now() + skew).map((p) => [p.type, p.value]));
    return { day: DAYS.indexOf(part.weekday), minute: Number(part.hour) * 60 + Number(part.minute) };
  };
  let day = now().day;
  const draw = () => {
    const focused = grid.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
    const moment = now();
    lanes.forEach((lane, number) => {
      lane.replaceChildren(...inDay(number));
      lane.classList.toggle("current", number === day);
      names[number].setAttribute("aria-pressed", number === day);
      names[number].classList.toggle("today", number === moment.day);
      if (number !== moment.day) return;
      const line = span("now-line", "");
      line.style.setProperty("--from", moment.minute / DAY);
      lane.append(line);
    });
    if (focused) focusOn(focused);
    byId("week-copy-from").textContent = DAYS[day];
    byId("week-clear-from").textContent = DAYS[day];
    byId("week-undo").disabled = !past.length;
    byId("week-redo").disabled = !future.length;
    byId("week-dirty").hidden = key(slots) === saved;
    form.hidden = !find(selected);
    box.classList.toggle("idle", key(slots) === saved && !find(selected));
  };
  const focusOn = (id) => grid.querySelector(`[data-id="${id}"][tabindex]`)?.focus({ preventScroll: true });
  const fill = () => {
    const slot = find(selected);
    if (!slot) return;
    form.elements.day.value = dayOf(slot);
    form.elements.from.value = clock(slot.at % DAY);
    form.elements.to.value = clock(endOf(slot) % DAY);
    form.elements.target.value = slot.preset;
    form.elements.celsius.value = celsiusOf(slot);
    form.elements.celsius.closest("label").hidden = Boolean(slot.preset);
  };
  const select = (slot, focus = true) => {
    selected = slot ? slot.id : null;
    if (slot && !(narrow.matches && (dayOf(slot) + 1) % 7 === day && endOf(slot) > DAY)) day = dayOf(slot);
    fill();
    draw();
    if (!slot) return;
    if (focus) focusOn(slot.id);
    grid.querySelector(".selected")?.scrollIntoView({ block: "nearest" });
  };

  /* --- changing, and taking it back --- */
  const changed = (was) => {
    if (JSON.stringify(was) === JSON.stringify(slots)) return;
    past.push(was);
    future = [];
    refused = null;
    complain("");
    fill();
    draw();
  };
  const change = (work) => { const was = copy(); work(); changed(was); };
  const travel = (from, to, word) => {
    if (!from.length) return;
    to.push(copy());
    slots = from.pop();
    complain("");
    select(find(selected), false);
    say(word);
  };
  const remove = (slot) => {
    const next = slots.filter((one) => one.at > slot.at).sort((a, b) => a.at - b.at)[0];
    selected = null;
    change(() => { slots = slots.filter((one) => one !== slot); });
    say(`${words(slot)}: deleted.`);
    if (next) focusOn(next.id); else byId("week-add").focus();
  };
  /* --- what is painted with --- */
  const paint = () => {
    const chosen = box.querySelector("[name=paint]:checked").value;
    if (chosen) return { preset: chosen, celsius: null };
    return { preset: "", celsius: inRange(Number(byId("paint-celsius").value)) ?? data.default };
  };
  byId("paint-celsius").addEventListener("focus", () => { box.querySelector("[name=paint][value='']").checked = true; });
  const inRange = (celsius) => (celsius >= data.low && celsius <= data.high ? Math.round(celsius * 10) / 10 : null);
  /* A new slot around a free minute, as far as the neighbours let it; null when nothing is left. */
  const painted = (anchor, from, to) => {
    if (clash(anchor, 1)) return null;
    const first = Math.max(from, anchor - before(anchor)), last = Math.min(to, anchor + after(anchor), first + DAY);
    return last - first < 5 ? null : { id: ++ids, at: mod(first), minutes: last - first, ...paint() };
  };
  const add = (slot) => {
    if (!slot) return;
    change(() => slots.push(slot));
    select(slot);
    say(words(slot));
  };

  /* --- the pointer --- */
  const step = () => (fine.checked ? 5 : 15);
  const snap = (minute) => Math.round(minute / step()) * step();
  const where = (event) => {
    const under = (lane) => event.clientY <= lane.getBoundingClientRect().bottom;
    const lane = narrow.matches ? lanes[day] : lanes.find(under) || lanes[6], around = lane.getBoundingClientRect();
    const share = narrow.matches ? (event.clientY - around.top) / around.height : (event.clientX - around.left) / around.width;
    return { day: lanes.indexOf(lane), minute: clamp(share * DAY, 0, DAY) };
  };
  const drags = {
    /* In the row below, left of the beginning: over midnight. Elsewhere only the time counts. */
    paint(spot) {
      const over = spot.day === (drag.spot.day + 1) % 7 && spot.minute <= drag.spot.minute && !narrow.matches;
      const one = snap(drag.spot.minute), two = snap(spot.minute) + (over ? DAY : 0), base = drag.spot.day * DAY;
      const slot = painted(base + Math.min(Math.floor(drag.spot.minute), DAY - 1), base + Math.min(one, two), base + Math.max(one, two));
      if (slot) slots.push(drag.slot = slot);
    },
    move(spot) {
      const slot = find(drag.slot.id), start = clamp(snap((slot.at % DAY) + spot.minute - drag.spot.minute), 0, DAY - step());
      const at = place(slot, mod((dayOf(slot) + spot.day - drag.spot.day) * DAY) + start);
      if (at !== null) drag.last = at;
      slot.at = drag.last ?? slot.at;
    },
    start(spot) {
      const slot = find(drag.slot.id), end = endOf(slot), most = before(slot.at + slot.minutes, slot);
      slot.minutes = clamp(end - Math.min(snap(spot.minute), DAY - step()), step(), most);
      slot.at = dayOf(slot) * DAY + end - slot.minutes;
    },
    end(spot) {
      const slot = find(drag.slot.id), start = slot.at % DAY, to = snap(spot.minute);
      const over = spot.day === (dayOf(slot) + 1) % 7 && to <= start;
      slot.minutes = clamp(to + (over ? DAY : 0) - start, step(), after(slot.at, slot));
    },
  };
  grid.addEventListener("pointerdown", (event) => {
    const item = event.target.closest(".slot"), edge = event.target.dataset.edge, lane = event.target.closest(".lane, .axis");
    if (event.button || !lane) return;
    const slot = item ? find(item.dataset.id) : null;
    /* A finger on one day's column scrolls the page, but for the hours, a grip and the chosen slot. */
    const scrolls = event.pointerType === "touch" && narrow.matches && !edge && !event.target.closest(".axis") && slot?.id !== selected;
    drag = { kind: edge || (slot ? "move" : "paint"), slot, spot: where(event), x: event.clientX, y: event.clientY, was: copy(), scrolls };
    if (!scrolls) grid.setPointerCapture(event.pointerId);
  });
  grid.addEventListener("pointermove", (event) => {
    if (!drag || drag.scrolls) return;
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < TAP_PX) return;
    drag.moved = true;
    slots = drag.was.map((slot) => ({ ...slot }));
    drags[drag.kind](where(event));
    if (drag.slot) selected = drag.slot.id;
    fill();
    draw();
  });
  grid.addEventListener("pointerup", (event) => {
    const done = drag;
    drag = null;
    if (!done) return;
    if (done.moved) {
      changed(done.was);
      const slot = done.slot && find(done.slot.id);
      select(slot);
      if (slot) say(words(slot));
    } else if (done.slot) select(find(done.slot.id));
    else if (event.target.closest(".lane") || !done.scrolls) {
      const minute = Math.min(Math.floor(done.spot.minute), DAY - 1), base = done.spot.day * DAY;
      const hour = Math.floor(minute / HOUR) * HOUR;
      add(painted(base + minute, base + hour, base + hour + HOUR));
    }
  });
  const drop = () => {
    if (!drag) return;
    if (drag.moved) slots = drag.was;
    drag = null;
    select(find(selected), false);
  };
  grid.addEventListener("pointercancel", drop);

  /* --- the keyboard --- */
  const nudge = (slot, minutes, days) => {
    const at = mod(slot.at + days * DAY + minutes), blocking = clash(at, slot.minutes, slot);
    if (blocking) return inTheWay(blocking);
    change(() => { slot.at = at; });
    select(slot);
    say(words(slot));
  };
  const stretch = (slot, minutes) => {
    const longer = clamp(slot.minutes + minutes, 5, DAY), blocking = clash(slot.at, longer, slot);
    if (blocking) return inTheWay(blocking);
    change(() => { slot.minutes = longer; });
    select(slot);
    say(words(slot));
  };
  grid.addEventListener("keydown", (event) => {
    const slot = find(event.target.dataset.id);
    if (!slot || event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
    const [time, days] = narrow.matches ? [y, x] : [x, y];
    if (time && event.shiftKey) stretch(slot, time * step());
    else if (time || days) nudge(slot, time * step(), days);
    else if (["Delete", "Backspace"].includes(event.key)) remove(slot);
    else if (["Enter", " "].includes(event.key)) { select(slot, false); form.elements.from.focus(); }
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { if (drag) drop(); else if (box.contains(document.activeElement)) select(null); return; }
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.type === "number") return;
    const wanted = event.key.toLowerCase();
    if (wanted === "y" || (wanted === "z" && event.shiftKey)) travel(future, past, "Done again.");
    else if (wanted === "z") travel(past, future, "Undone.");
    else return;
    event.preventDefault();
  });

  /* --- exact times, typed --- */
  const minuteOf = (text) => (/^\d\d:\d\d/.test(text) ? Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5)) : null);
  /* What stands in the form becomes the slot's; what cannot stays typed, with the reason. */
  const typed = () => {
    const slot = find(selected);
    if (!slot) return true;
    const field = form.elements, from = minuteOf(field.from.value), to = minuteOf(field.to.value), preset = field.target.value;
    if (from === null || to === null) return complain("A time is missing. Type both, like 06:30.");
    const celsius = preset ? null : inRange(Number(field.celsius.value));
    if (!preset && celsius === null) return complain(`‘${field.celsius.value}’ °C: choose from ${data.low} to ${data.high} °C.`);
    const at = Number(field.day.value) * DAY + from, minutes = (to - from + DAY) % DAY || DAY, blocking = clash(at, minutes, slot);
    if (blocking) return inTheWay(blocking);
    change(() => Object.assign(slot, { at, minutes, preset, celsius }));
    complain("");
    if (dayOf(slot) !== day) select(slot, false);
    return true;
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); if (typed()) focusOn(selected); });
  form.addEventListener("focusout", (event) => { if (event.target.matches("input")) typed(); });
  form.addEventListener("change", (event) => {
    if (!event.target.matches("select")) return;
    form.elements.celsius.closest("label").hidden = Boolean(form.elements.target.value);
    typed();
  });
  byId("week-delete").addEventListener("click", () => remove(find(selected)));
  byId("week-done").addEventListener("click", () => { if (typed()) { const slot = selected; select(null); focusOn(slot); } });

  /* --- days --- */
  names.forEach((name, number) => name.addEventListener("click", () => { day = number; draw(); }));
  /* What crosses midnight comes last and ends where a neighbour begins. */
  const copyDay = (to) => {
    const days = to.filter((one) => one !== day), cut = [];
    const source = slots.filter((slot) => dayOf(slot) === day).sort((a, b) => (endOf(a) > DAY) - (endOf(b) > DAY));
    change(() => {
      slots = slots.filter((slot) => !days.includes(dayOf(slot)));
      for (const slot of source) for (const one of days) {
        const at = one * DAY + (slot.at % DAY), covering = clash(at, 1);
        const skip = covering ? ahead(at, covering.at + covering.minutes) : 0;
        const minutes = Math.min(slot.minutes - skip, after(mod(at + skip)));
        if (minutes >= 5) slots.push({ ...slot, id: ++ids, at: mod(at + skip), minutes });
        if (minutes !== slot.minutes) cut.push(`${DAYS[one]} ${clock(slot.at % DAY)}`);
      }
    });
    const shortened = cut.length ? ` Shortened where another slot is: ${cut.join(", ")}.` : "";
    say(`${DAYS[day]} copied to ${days.map((one) => DAYS[one]).join(", ")}.${shortened}`);
  };
  byId("week-copy").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.clear !== undefined) change(() => { slots = slots.filter((slot) => dayOf(slot) !== day); });
    else copyDay(SETS[button.dataset.set] || [Number(button.dataset.day)]);
    byId("week-copy").open = false;
    byId("week-copy").querySelector("summary").focus();
  });
  byId("week-add").addEventListener("click", () => {
    const base = day * DAY, hours = [...Array(24).keys()].map((hour) => base + ((hour + 6) % 24) * HOUR);
    const free = hours.find((at) => !clash(at, HOUR));
    if (free === undefined) return complain(`${DAYS[day]} has no free hour left. Shorten or delete a slot first.`);
    add(painted(free, free, free + HOUR));
    form.elements.from.focus();
  });

  /* --- saving --- */
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const toast = (text, undo) => {
    const item = document.createElement("div"), line = document.createElement("p"), button = document.createElement("button");
    item.className = "toast";
    line.textContent = text;
    button.textContent = "Undo";
    button.addEventListener("click", () => { byId("toasts").replaceChildren(); undo(); });
    item.append(line, button);
    byId("toasts").replaceChildren(item);
  };
  const send = async (list) => {
    try {
      const answer = await fetch(data.save, {
        method: "POST", redirect: "manual", credentials: "same-origin",
        headers: { "X-CSRFToken": token(), "Content-Type": "application/json" },
        body: JSON.stringify({ digest: data.digest, blocks: list }),
      });
      const isJson = (answer.headers.get("Content-Type") || "").includes("json");
      return { status: answer.type === "opaqueredirect" ? 403 : answer.status, ...(isJson ? await answer.json() : {}) };
    } catch {
      return { status: 0 };
    }
  };
  const failures = {
    0: "Not saved: the program does not answer. Your week is still here; try again.",
    403: "Not saved: you are signed out. Sign in again in another tab, then save: your week is still here.",
    404: "Not saved: this room is not there any more.",
  };
  const save = async (undoing = false) => {
    if (!undoing && !typed()) return;
    const sent = copy(), button = byId("week-save");
    button.disabled = true;
    const answer = await send(blocks(sent));
    button.disabled = false;
    conflict = answer.status === 409 ? answer : null;
    byId("week-conflict").hidden = !conflict;
    if (conflict) byId("week-conflict-words").textContent = answer.error;
    else if (answer.status === 200) accepted(answer, sent, undoing);
    else {
      refused = answer.index === undefined || answer.index === null ? null : sent[answer.index].id;
      if (find(refused)) select(find(refused));
      complain(answer.error || failures[answer.status] || `Not saved: the program answered ${answer.status}. Your week is still here.`);
    }
  };
  const accepted = (answer, sent, undoing) => {
    data.digest = answer.digest;
    saved = key(sent);
    refused = null;
    complain("");
    byId("week-holds").textContent = answer.holds;
    draw();
    if (undoing) return say("Undone and saved.");
    toast("The week is saved.", () => {
      change(() => { slots = fresh(answer.previous); });
      select(null);
      save(true);
    });
  };
  byId("week-save").addEventListener("click", () => save());
  byId("week-undo").addEventListener("click", () => travel(past, future, "Undone."));
  byId("week-redo").addEventListener("click", () => travel(future, past, "Done again."));
  byId("week-reload").addEventListener("click", () => {
    data.digest = conflict.digest;
    change(() => { slots = fresh(conflict.blocks); });
    saved = key(slots);
    byId("week-conflict").hidden = true;
    select(null);
    say("This is what is stored. Undo brings back yours.");
  });
  byId("week-overwrite").addEventListener("click", () => { data.digest = conflict.digest; save(); });
  addEventListener("beforeunload", (event) => { if (key(slots) !== saved) event.preventDefault(); });

  narrow.addEventListener("change", draw);
  setInterval(() => { if (!drag) draw(); }, 60000);
  box.hidden = false;
  draw();
})();

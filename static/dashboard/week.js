/* The week editor. A week is a ring of 10 080 minutes; a slot begins at the minute `at` of it, lasts `minutes`
 (up to 24 h, over midnight too) and has a preset or °C. No two ever overlap: what would is stopped at its
 neighbour or refused. The server has the last word; nothing is lost when it refuses. */
const byId = (id) => document.getElementById(`week-${id}`);
const box = byId("editor"), grid = byId("grid"), form = byId("slot"), fine = byId("fine");
const data = JSON.parse(byId("data").textContent);
const DAY = 1440, WEEK = 7 * DAY, HOUR = 60, TAP_PX = 5, DAYS = data.days;
const presets = Object.fromEntries(data.presets.map((preset) => [preset.key, preset]));
const lanes = [...grid.querySelectorAll(".lane")], names = [...grid.querySelectorAll(".dayname")];
const narrow = matchMedia("(max-width: 799px)");
const press = (id, work) => byId(id).addEventListener("click", work);
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/* --- state --- */
let ids = 0, slots = [], selected = null, refused = null, drag = null, past = [], future = [], conflict = null;
const fresh = (blocks) => blocks.map((block) => ({ ...block, id: ++ids }));
const copy = () => slots.map((slot) => ({ ...slot }));
const find = (id) => slots.find((slot) => slot.id === Number(id));
const dayOf = (slot) => Math.floor(slot.at / DAY);
const inOrder = (list) => [...list].sort((a, b) => a.at - b.at);
const key = (list) => JSON.stringify(inOrder(list).map(({ at, minutes, preset, celsius }) => [at, minutes, preset, celsius]));
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
/* Slots are °C; people read and type the unit of the home. */
const isF = data.unit === "°F";
const shown = (celsius) => Math.round((isF ? celsius * 1.8 + 32 : celsius) * 10) / 10;
const toCelsius = (value) => (isF ? Math.round(((value - 32) / 1.8) * 1000) / 1000 : Number(value));
const degrees = (celsius) => `${shown(celsius).toFixed(1)}°`;
const endOf = (slot) => (slot.at % DAY) + slot.minutes;
const endClock = (slot) => (endOf(slot) === DAY ? "24:00" : clock(endOf(slot) % DAY));
const words = (slot) => {
  const day = dayOf(slot), next = endOf(slot) > DAY ? ` on ${DAYS[(day + 1) % 7]}` : "";
  const target = `${slot.preset ? `${presets[slot.preset].label} ` : ""}${degrees(celsiusOf(slot))}`;
  return `${DAYS[day]} ${clock(slot.at % DAY)} to ${endClock(slot)}${next}, ${target}`;
};
const say = (text) => { byId("says").textContent = text; };
const complain = (text) => { Object.assign(byId("error"), { textContent: text, hidden: !text }); return false; };
/* The shades of climate/week.py. */
const tone = (slot) => (["away", "frost"].includes(slot.preset) ? slot.preset
  : `warmth-${clamp(Math.floor((celsiusOf(slot) - 14.5) / 2), 0, 4)}`);

/* --- drawing --- */
const span = (className, textContent) => Object.assign(document.createElement("span"), { className, textContent });
const piece = (slot, from, to, isHead, isEnd) => {
  const item = span("", ""), marks = { selected: slot.id === selected, refused: slot.id === refused, "goes-on": !isEnd, "came-over": !isHead };
  item.className = ["slot", tone(slot), ...Object.keys(marks).filter((mark) => marks[mark])].join(" ");
  item.title = words(slot);
  item.dataset.id = slot.id;
  item.style.setProperty("--from", from / DAY);
  item.style.setProperty("--size", (to - from) / DAY);
  if (isHead) {
    Object.assign(item, { tabIndex: 0, role: "button", ariaLabel: words(slot), ariaPressed: slot.id === selected });
    item.append(span("grip start", ""));
  } else item.ariaHidden = true;
  if (slot.preset) item.append(span("word", presets[slot.preset].label));
  item.append(span("number", degrees(celsiusOf(slot))), span("times", `${clock(slot.at % DAY)}–${endClock(slot)}`));
  if (isEnd) item.append(span("grip end", ""));
  return item;
};
/* What came over midnight comes first, then what begins that day. */
const inDay = (day) => {
  const heads = inOrder(slots.filter((slot) => dayOf(slot) === day));
  const tails = slots.filter((slot) => (dayOf(slot) + 1) % 7 === day && endOf(slot) > DAY);
  return [...tails.map((slot) => piece(slot, 0, endOf(slot) - DAY, false, true)),
    ...heads.map((slot) => piece(slot, slot.at % DAY, Math.min(endOf(slot), DAY), true, endOf(slot) <= DAY))];
};
const opened = Date.now();
/* The minute of the week, on the clocks of the home. */
const now = () => mod(data.now + Math.floor((Date.now() - opened) / 60000));
let day = Math.floor(now() / DAY);
const draw = () => {
  const focused = grid.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
  const today = Math.floor(now() / DAY);
  lanes.forEach((lane, number) => {
    lane.replaceChildren(...inDay(number));
    lane.classList.toggle("current", number === day);
    names[number].setAttribute("aria-pressed", number === day);
    names[number].classList.toggle("today", number === today);
    if (number !== today) return;
    const line = span("now-line", "");
    line.style.setProperty("--from", (now() % DAY) / DAY);
    lane.append(line);
  });
  if (focused) focusOn(focused);
  for (const item of box.querySelectorAll(".chosen-day")) item.textContent = DAYS[day];
  byId("undo").disabled = !past.length;
  byId("redo").disabled = !future.length;
  byId("dirty").hidden = key(slots) === saved;
  form.hidden = !find(selected);
  box.classList.toggle("idle", key(slots) === saved && !find(selected));
};
const focusOn = (id) => grid.querySelector(`[data-id="${id}"][role]`)?.focus({ preventScroll: true });
const field = form.elements;
const fill = () => {
  const slot = find(selected);
  if (!slot) return;
  field.day.value = dayOf(slot);
  field.from.value = clock(slot.at % DAY);
  field.to.value = clock(endOf(slot) % DAY);
  field.target.value = slot.preset;
  field.celsius.value = shown(celsiusOf(slot));
  field.celsius.parentElement.hidden = Boolean(slot.preset);
};
const select = (slot, focus = true) => {
  selected = slot ? slot.id : null;
  if (slot && !(narrow.matches && (dayOf(slot) + 1) % 7 === day && endOf(slot) > DAY)) day = dayOf(slot);
  fill();
  draw();
  if (!slot) return;
  say(words(slot));
  if (focus) focusOn(slot.id);
  grid.querySelector(".selected")?.scrollIntoView({ block: "nearest" });
};

/* --- changing, and taking it back --- */
const changed = (was) => {
  if (key(was) === key(slots)) return;
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
const undo = () => travel(past, future, "Undone."), redo = () => travel(future, past, "Done again.");
const remove = (slot) => {
  const next = inOrder(slots).find((one) => one.at > slot.at);
  selected = null;
  change(() => { slots = slots.filter((one) => one !== slot); });
  say(`${words(slot)}: deleted.`);
  if (next) focusOn(next.id); else byId("add").focus();
};

/* --- painting --- */
const paint = () => {
  const preset = box.querySelector("[name=paint]:checked").value, celsius = preset ? null : inRange(byId("paint"));
  return preset || celsius !== null ? { preset, celsius } : null;
};
byId("paint").addEventListener("focus", () => { box.querySelector("[name=paint][value='']").checked = true; });
/* The typed °C, null with the reason said when it cannot be. */
const inRange = ({ value }) => {
  if (value && value >= data.shown.low && value <= data.shown.high) return toCelsius(value);
  complain(`‘${value}’ ${data.unit}: choose from ${data.shown.low} to ${data.shown.high} ${data.unit}.`);
  return null;
};
/* A new slot around a free minute, as far as the neighbours let it; null when nothing is left. */
const painted = (anchor, from, to) => {
  const target = paint();
  if (clash(anchor, 1) || !target) return null;
  const first = Math.max(from, anchor - before(anchor)), last = Math.min(to, anchor + after(anchor), first + DAY);
  return last - first < 5 ? null : { id: ++ids, at: mod(first), minutes: last - first, ...target };
};
const add = (slot) => {
  if (!slot) return;
  change(() => slots.push(slot));
  select(slot);
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
  const item = event.target.closest(".slot"), edge = event.target.matches(".grip") && event.target.classList[1], hours = narrow.matches && event.target.closest(".axis");
  if (event.button || !event.isPrimary || !(hours || event.target.closest(".lane"))) return;
  if (form.contains(document.activeElement)) typed();
  const slot = item ? find(item.dataset.id) : null;
  /* A finger on one day's column scrolls the page, but for the hours, a grip and the chosen slot. */
  const scrolls = event.pointerType === "touch" && narrow.matches && !edge && !hours && slot?.id !== selected;
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
    select(done.slot && find(done.slot.id));
  } else if (done.slot) select(find(done.slot.id));
  else {
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
/* The slot as wanted, unless another is in the way. */
const alter = (slot, wanted) => {
  const blocking = clash(wanted.at, wanted.minutes, slot);
  if (blocking) return complain(`${words(blocking)}, is in the way. Change a time, or move that slot first.`);
  change(() => Object.assign(slot, wanted));
  complain("");
  say(words(slot));
  return true;
};
grid.addEventListener("keydown", (event) => {
  const slot = find(event.target.dataset.id);
  if (!slot || event.ctrlKey || event.metaKey || event.altKey) return;
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
  const [time, days] = narrow.matches ? [y, x] : [x, y];
  const { at, minutes } = slot, by = time * step();
  if (time || days) {
    const wanted = time && event.shiftKey ? { at, minutes: clamp(minutes + by, 5, DAY) } : { at: mod(at + days * DAY + by), minutes };
    if (alter(slot, wanted)) select(slot);
  } else if (["Delete", "Backspace"].includes(event.key)) remove(slot);
  else if (["Enter", " "].includes(event.key)) { select(slot, false); field.from.focus(); }
  else return;
  event.preventDefault();
});
const release = () => { const id = selected; select(null); focusOn(id); };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return drag ? drop() : box.contains(document.activeElement) && release();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.type === "number") return;
  const wanted = event.key.toLowerCase();
  if (wanted === "y" || (wanted === "z" && event.shiftKey)) redo();
  else if (wanted === "z") undo();
  else return;
  event.preventDefault();
});

/* --- exact times, typed --- */
const minuteOf = ({ value }) => (value ? value.slice(0, 2) * 60 + Number(value.slice(3, 5)) : null);
/* What stands in the form becomes the slot's; what cannot stays typed, with the reason. */
const typed = () => {
  const slot = find(selected);
  if (!slot) return true;
  const from = minuteOf(field.from), to = minuteOf(field.to), preset = field.target.value;
  if (from === null || to === null) return complain("A time is missing. Type both, like 06:30.");
  const celsius = preset ? null : inRange(field.celsius);
  if (!preset && celsius === null) return false;
  const at = Number(field.day.value) * DAY + from, minutes = (to - from + DAY) % DAY || DAY;
  if (!alter(slot, { at, minutes, preset, celsius })) return false;
  if (dayOf(slot) !== day) select(slot, false);
  return true;
};
form.addEventListener("submit", (event) => { event.preventDefault(); if (typed()) focusOn(selected); });
form.addEventListener("focusout", (event) => { if (event.target.matches("input")) typed(); });
form.addEventListener("change", (event) => {
  if (!event.target.matches("select")) return;
  field.celsius.parentElement.hidden = Boolean(field.target.value);
  typed();
});
press("delete", () => remove(find(selected)));
press("done", () => typed() && release());

/* --- days --- */
names.forEach((name, number) => name.addEventListener("click", () => { day = number; draw(); }));
/* What crosses midnight comes last and ends where a neighbour begins. */
const copyDay = (days) => {
  if (!days.length) return;
  const cut = [], source = slots.filter((slot) => dayOf(slot) === day).sort((a, b) => (endOf(a) > DAY) - (endOf(b) > DAY));
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
byId("copy").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.days) copyDay(button.dataset.days.split(",").map(Number).filter((one) => one !== day));
  else change(() => { slots = slots.filter((slot) => dayOf(slot) !== day); });
  byId("copy").open = false;
  byId("copy").querySelector("summary").focus();
});
press("add", () => {
  const free = [...Array(24).keys()].map((hour) => day * DAY + ((hour + 6) % 24) * HOUR).find((at) => !clash(at, HOUR));
  if (free === undefined) return complain(`${DAYS[day]} has no free hour left. Shorten or delete a slot first.`);
  add(painted(free, free, free + HOUR));
  field.from.focus();
});

/* --- saving --- */
/* The cookie's: it stays good after signing in again in another tab. */
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
const send = async (blocks) => {
  try {
    const answer = await fetch(data.save, {
      method: "POST", redirect: "manual",
      headers: { "X-CSRFToken": token(), "Content-Type": "application/json" },
      body: JSON.stringify({ digest: data.digest, blocks }),
    });
    const isJson = answer.headers.get("Content-Type")?.includes("json");
    return { status: answer.type === "opaqueredirect" ? 403 : answer.status, ...(isJson && (await answer.json())) };
  } catch {
    return { status: 0 };
  }
};
const FAILURES = {
  0: "the program does not answer. Try again",
  403: "you are signed out. Sign in again in another tab, then save",
  404: "this room is not there any more",
};
const save = async (undoing = false) => {
  if (!undoing && !typed()) return;
  const sent = copy(), button = byId("save");
  button.disabled = true;
  const answer = await send(sent);
  button.disabled = false;
  conflict = answer.status === 409 && answer;
  byId("conflict").hidden = !conflict;
  if (conflict) byId("conflict-words").textContent = answer.error;
  else if (answer.status === 200) accepted(answer, sent, undoing);
  else {
    refused = sent[answer.index]?.id;
    if (find(refused)) select(find(refused));
    complain(answer.error || `Not saved: ${FAILURES[answer.status] || `the program answered ${answer.status}`}. Your week is still here.`);
  }
};
const accepted = (answer, sent, undoing) => {
  data.digest = answer.digest;
  saved = key(sent);
  refused = null;
  complain("");
  byId("holds").textContent = answer.holds;
  draw();
  if (undoing) return say("Undone and saved.");
  const toast = byId("toast").content.cloneNode(true);
  toast.querySelector("button").addEventListener("click", () => {
    document.getElementById("toasts").replaceChildren();
    change(() => { slots = fresh(answer.previous); });
    select(null);
    save(true);
  });
  document.getElementById("toasts").replaceChildren(toast);
};
press("save", () => save());
press("undo", undo);
press("redo", redo);
press("reload", () => {
  data.digest = conflict.digest;
  change(() => { slots = fresh(conflict.blocks); });
  saved = key(slots);
  byId("conflict").hidden = true;
  select(null);
  say("This is what is stored. Undo brings back yours.");
});
press("overwrite", () => { data.digest = conflict.digest; save(); });
addEventListener("beforeunload", (event) => { if (key(slots) !== saved) event.preventDefault(); });

narrow.addEventListener("change", draw);
setInterval(() => { if (!drag) draw(); }, 60000);
box.hidden = false;
draw();

"use strict";
/* What the pages need beyond htmx: the pulse of the live parts, ages that tick, the colour scheme,
   a word when the connection is gone. Everything works without it, only less lively. */
(() => {
  /* A pass is seen within PULSE_MS; what no pass brings (an alarm seen elsewhere) within REFRESH_MS. */
  const PULSE_MS = 1000, REFRESH_MS = 15000, TOAST_MS = 12000;
  const byId = (id) => document.getElementById(id);

  /* --- ages: the server's clock counts, ours only says how much time has passed --- */
  const skew = document.body.dataset.now ? Date.parse(document.body.dataset.now) - Date.now() : 0;
  const words = (seconds) => {
    const s = Math.max(0, Math.floor(seconds)), thin = "\u202f";
    if (s < 60) return `${s}${thin}s ago`;
    if (s < 3600) return `${Math.floor(s / 60)}${thin}min ago`;
    if (s < 172800) return `${Math.floor(s / 3600)}${thin}h ago`;
    return `${Math.floor(s / 86400)}${thin}days ago`;
  };
  const tick = () => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll("time.ago")) {
      const seconds = (Date.now() + skew - Date.parse(time.dateTime)) / 1000, text = words(seconds);
      if (time.textContent !== text) time.textContent = text;
      time.classList.toggle("stale", Boolean(time.dataset.stale) && seconds > Number(time.dataset.stale));
    }
  };
  tick();
  setInterval(tick, 1000);

  /* --- the pulse: while somebody looks, ask whether there was a pass; fetch what changed when there was --- */
  const live = byId("live");
  const refresh = () => {
    if (document.hidden || !live) return;
    live.refreshed = Date.now();
    document.body.dispatchEvent(new Event("live"));
  };
  const pulse = async () => {
    if (document.hidden || live.asking) return;
    live.asking = true;
    try {
      const answer = await fetch(live.dataset.pulse, { signal: AbortSignal.timeout(10000) }), seen = await answer.text();
      if (answer.redirected || seen !== live.dataset.seen || Date.now() - live.refreshed > REFRESH_MS) refresh();
      if (answer.ok) live.dataset.seen = seen;
      live.missed = 0;
      offline(answer.status >= 500, why(answer.status, answer.headers.get("Content-Type"), seen));
    } catch {
      live.missed += 1; // once is also what leaving the page looks like
      if (live.missed > 1) offline(true);
    } finally {
      live.asking = false;
    }
  };
  if (live) {
    live.refreshed = Date.now();
    live.missed = 0;
    setInterval(pulse, PULSE_MS);
  }
  document.addEventListener("visibilitychange", () => { tick(); refresh(); });

  /* A part is swapped only when it looks different, and never under somebody's hands: a tap is lost on what goes. */
  let pressed = null;
  document.addEventListener("pointerdown", (event) => { pressed = event.target; }, true);
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => setTimeout(() => { pressed = null; }), true);
  }
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const old = event.detail.target, fresh = event.detail.fragment.firstElementChild;
    if (!old || !fresh) return;
    const typing = old.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (old.dataset.key === fresh.dataset.key || typing || old.contains(pressed) || old.querySelector(".htmx-request")) {
      event.detail.shouldSwap = false;
      return;
    }
    for (const menu of old.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector(`#${CSS.escape(menu.id)}`);
      if (same) same.open = true;
    }
    /* What somebody chose or typed, and left for another field, comes along. */
    for (const field of old.querySelectorAll("input[id]:not([type=hidden]), select[id]")) {
      const same = fresh.querySelector(`#${CSS.escape(field.id)}`);
      const began = field.matches("select") ? [...field.options].find((one) => one.defaultSelected)?.value : field.defaultValue;
      if (same && field.checkVisibility() && field.value !== began) same.value = field.value;
    }
    const number = (card) => [".temperature", ".aim strong"].map((part) => card.querySelector(part)?.textContent).join();
    if (fresh.matches(".zone") && number(old) !== number(fresh)) fresh.classList.add("changed");
  });
  document.addEventListener("htmx:oobAfterSwap", tick);

  /* --- losing and finding the server --- */
  /* A program that answers 503 says why, in a sentence; what stands before it may answer with a page. */
  const why = (status, type, text) => (status === 503 && type?.startsWith("text/plain") ? text : "");
  const offline = (gone, because = "") => {
    const bar = byId("offline"), [lost, reason] = bar.querySelectorAll("p");
    lost.hidden = Boolean(because);
    reason.hidden = !because;
    reason.textContent = because;
    bar.hidden = !gone;
  };
  document.addEventListener("htmx:sendError", () => offline(true));
  document.addEventListener("htmx:timeout", () => offline(true));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr.status > 0 && event.detail.xhr.status < 500) offline(false);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail, asks = event.detail.requestConfig.verb === "get";
    if (xhr.status === 503 && !asks) return; // the toast says why
    if (xhr.status >= 500) offline(true, why(xhr.status, xhr.getResponseHeader("Content-Type"), xhr.responseText));
    else if (!asks) say("That did not work. Load the page again and try once more.");
  });

  /* --- toasts --- */
  const say = (text) => {
    const toast = document.createElement("div"), line = document.createElement("p");
    toast.className = "toast alarm";
    line.textContent = text;
    toast.append(line);
    byId("toasts").replaceChildren(toast);
  };
  let fading;
  const fade = () => {
    clearTimeout(fading);
    fading = setTimeout(() => {
      const toasts = byId("toasts");
      if (toasts.matches(":hover, :focus-within")) return fade();
      toasts.replaceChildren();
    }, TOAST_MS);
  };
  /* A toast lies at the bottom, unless what was just tapped (with what belongs to it) is there. Its part of the page may
     have been swapped meanwhile: then what has its id now counts. */
  const TAPPED = ".controls, .whole, .changes form, form, button, a, input, select, summary";
  let tapped = null;
  for (const kind of ["pointerdown", "focusin"]) {
    document.addEventListener(kind, (event) => {
      if (!event.target.closest?.("#toasts")) tapped = event.target.closest?.(TAPPED) || null;
    }, true);
  }
  const here = (item) => (item?.isConnected ? item : byId([item, ...(item?.querySelectorAll("[id]") || [])].find((one) => one?.id)?.id))
    ?.closest(TAPPED);
  const place = () => {
    const toasts = byId("toasts"), shown = toasts.firstElementChild, box = here(tapped)?.getBoundingClientRect();
    toasts.classList.remove("above");
    if (!shown || !box?.height) return;
    const lies = shown.getBoundingClientRect();
    toasts.classList.toggle("above", box.bottom > lies.top - 8 && box.top < lies.bottom + 8);
  };
  document.addEventListener("htmx:oobAfterSwap", place);
  new MutationObserver((_, self) => { self.takeRecords(); place(); if (byId("toasts").firstElementChild) fade(); })
    .observe(byId("toasts"), { childList: true });
  if (byId("toasts").firstElementChild) fade();

  /* --- menus: Esc or a tap elsewhere closes them, choosing in them too --- */
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.activeElement.closest?.("details.menu[open]")?.querySelector("summary").focus();
    closeMenus();
  });
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("htmx:afterRequest", (event) => {
    const menu = event.target.closest?.("details.menu");
    if (menu) menu.open = false;
  });

  /* --- targets: typed ones count on Enter or on leaving the field; what is refused does not stay --- */
  document.addEventListener("change", (event) => {
    if (event.target.matches(".stepper [name=target]")) event.target.form.requestSubmit();
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches(".stepper [name=target]")) event.target.select(); });
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.(".stepper [name=target]") || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") field.value = field.defaultValue;
    field.nextElementSibling.focus(); // left: what was typed is sent, and the card may change again
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.target.matches?.(".typed")) return;
    for (const field of event.target.elements) if (field.name === "target") field.value = field.defaultValue;
  });
  document.addEventListener("input", (event) => {
    const slider = event.target;
    if (!slider.matches("input[type=range]")) return;
    const words = Number(slider.value).toFixed(1);
    slider.setAttribute("aria-valuetext", `${words} ${slider.dataset.unit}`);
    slider.form.querySelector("output").textContent = `${words}°`;
  });

  /* --- the colour scheme: as the device says, until somebody chooses --- */
  const root = document.documentElement, button = byId("theme");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
      document.dispatchEvent(new Event("themechange"));
    });
  }
})();

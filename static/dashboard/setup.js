"use strict";
/* The wizard: lists of entities that are searched as one types, rooms that are found by a word, and a question before
   something typed is left. Without it the lists are plain ones, and every page works. */
(() => {
  /* --- lists: an input that searches, in front of a select that is sent --- */
  const SHOWN_AT_MOST = 60;
  const element = (tag, className, text = "") => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  };

  const searched = (option) =>
    `${option.dataset.name || option.text} ${option.dataset.area || ""} ${option.value}`.toLowerCase();

  function picker(select) {
    const id = select.id, box = element("div", "picker"), input = element("input"), list = element("ul", "offers");
    const chosen = element("p", "soft chosen");
    let active = -1, shown = [], all = false, typing = false;
    select.id = `${id}-value`;
    Object.assign(input, { id, type: "text", autocomplete: "off", spellcheck: false });
    input.setAttribute("autocapitalize", "off");
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list",
    })) input.setAttribute(name, value);
    if (select.getAttribute("aria-describedby")) input.setAttribute("aria-describedby", select.getAttribute("aria-describedby"));
    Object.assign(list, { id: `${id}-list`, hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Entities");
    select.hidden = true;
    select.before(box);
    box.append(input, list, chosen, select);

    const current = () => select.selectedOptions[0];
    const show = () => {
      const option = current(), known = option && option.value;
      input.value = known ? option.dataset.name || option.value : "";
      input.placeholder = select.options[0]?.value === "" ? select.options[0].text : "";
      chosen.textContent = known
        ? [option.dataset.area, option.value, option.dataset.value].filter(Boolean).join(" · ") : "";
      chosen.hidden = !known;
      chosen.classList.remove("bad");
    };

    const row = (option, index) => {
      const line = element("li");
      Object.assign(line, { id: `${id}-${index}` });
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", String(option === current()));
      if (option.disabled) line.setAttribute("aria-disabled", "true");
      if (!option.value) {
        line.append(element("span", "name", option.text));
        return line;
      }
      const { name, area, value, doubt, taken } = option.dataset;
      line.append(element("span", "name", name || option.value), element("span", "value", value || ""));
      line.append(element("span", "soft where", [area, option.value].filter(Boolean).join(" · ")));
      const why = taken || doubt;
      if (why) line.append(element("span", "soft why", taken ? `${why[0].toUpperCase()}${why.slice(1)}.` : why));
      return line;
    };

    const fill = (words) => {
      const every = [...select.options].filter((one) => words.every((word) => searched(one).includes(word)));
      const fitting = every.filter((one) => !one.dataset.doubt || one === current());
      const found = all ? every : fitting, more = every.length - fitting.length, phrase = words.join(" ");
      const begins = (one) => (one.dataset.name || "").toLowerCase().startsWith(phrase);
      if (phrase) found.sort((one, other) => begins(other) - begins(one));
      shown = found.filter((one) => one.value || !(words.length || select.required)).slice(0, SHOWN_AT_MOST);
      list.replaceChildren(...shown.map(row));
      if (found.length > shown.length) list.append(note(`${found.length - shown.length} more. Type a word of its name.`));
      if (!found.some((one) => one.value)) list.append(note("Nothing that looks like it fits these words."));
      if (!all && more) {
        const line = element("li", "more-offers", `Show all: ${more} more that ${more === 1 ? "does" : "do"} not look like it`);
        Object.assign(line, { id: `${id}-more` });
        line.setAttribute("role", "option");
        list.append(line);
      }
      activate(-1);
    };
    const note = (text) => {
      const line = element("li", "soft note", text);
      line.setAttribute("role", "presentation");
      return line;
    };

    const rows = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
    const activate = (index) => {
      const lines = rows();
      lines[active]?.classList.remove("active");
      active = lines.length ? Math.max(-1, Math.min(lines.length - 1, index)) : -1;
      const line = lines[active];
      line?.classList.add("active");
      line?.scrollIntoView({ block: "nearest" });
      if (line) input.setAttribute("aria-activedescendant", line.id);
      else input.removeAttribute("aria-activedescendant");
    };

    const open = (words = []) => {
      if (!typing) input.select(); // what is typed next is another search
      fill(words);
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
    };
    const close = () => {
      list.hidden = true;
      all = typing = false;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      show();
    };
    const words = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const take = (line) => {
      if (line.classList.contains("more-offers")) {
        all = true;
        return open(typedWords());
      }
      const option = shown[[...list.children].indexOf(line)];
      if (!option || option.disabled) return;
      select.value = option.value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      close();
    };
    const typedWords = () => (typing ? words() : []);

    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => { if (list.hidden) open(typedWords()); });
    input.addEventListener("input", (event) => {
      event.stopPropagation(); // a search is nothing that could be lost
      typing = true;
      open(words());
      activate(shown.length && shown[0].value ? 0 : -1);
    });
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("keydown", (event) => {
      const isOpen = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!isOpen) open(typedWords());
        else activate(event.key === "ArrowDown" ? active + 1 : active - 1);
      } else if (event.key === "Enter" && isOpen) {
        event.preventDefault();
        if (rows()[active]) take(rows()[active]);
      } else if (event.key === "Escape" && isOpen) {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
    /* What was typed and not picked: the entity of that very name or id, nothing where it was cleared; else it stays and
       is told, and the page is not sent without it. */
    const settle = () => {
      const text = input.value.trim(), phrase = text.toLowerCase();
      const isNamed = (one) => [one.value, one.dataset.name || ""].some((name) => name.toLowerCase() === phrase);
      const meant = [...select.options].filter((one) => !one.disabled && (phrase ? one.value && isNamed(one) : !one.value));
      const isLost = phrase && meant.length !== 1;
      if (!isLost && meant[0] && meant[0] !== current()) {
        select.value = meant[0].value;
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }
      close();
      if (!isLost) return;
      input.value = text;
      chosen.textContent = `‘${text}’ is not picked yet. Pick one of the list, or clear this.`;
      chosen.classList.add("bad");
      chosen.hidden = false;
    };
    input.addEventListener("blur", () => {
      if (typing) settle();
      else if (!list.hidden) close();
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the input keeps the focus
    list.addEventListener("click", (event) => {
      const line = event.target.closest("[role=option]");
      if (line && line.getAttribute("aria-disabled") !== "true") take(line);
    });
    show();
  }
  for (const select of document.querySelectorAll("select[data-picker]")) picker(select);
  document.addEventListener("submit", (event) => {
    const lost = event.target.querySelector(".chosen.bad");
    if (!lost) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    lost.closest(".picker").querySelector("input").focus();
  }, true);

  /* --- rooms: those whose name, area or entity holds every word --- */
  for (const search of document.querySelectorAll("[data-filters]")) {
    const form = search.closest("form"), nothing = form.querySelector(".nothing-found");
    search.closest("[hidden]").hidden = false;
    search.addEventListener("input", (event) => {
      event.stopPropagation();
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const one of form.querySelectorAll(search.dataset.filters)) {
        const fits = words.every((word) => one.dataset.searched.includes(word)) || one.querySelector("[name$='-use']").checked;
        one.hidden = !fits;
        found += fits;
      }
      nothing.hidden = found > 0;
      const others = form.querySelector("#other-sensors");
      if (others && words.length) others.open = Boolean(others.querySelector(".room:not([hidden])"));
    });
    search.addEventListener("change", (event) => event.stopPropagation());
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }

  /* --- what is typed for a room is meant for one --- */
  for (const room of document.querySelectorAll(".room")) {
    const use = room.querySelector("[name$='-use']");
    for (const input of room.querySelectorAll(".of-room input")) {
      input.addEventListener("input", () => { if (!use.disabled) use.checked = true; });
    }
  }

  /* --- what is wrong is seen at once; a question stands at the top --- */
  const wrong = document.querySelector(".asks") ? null : document.querySelector(".field.wrong, .room .bad");
  wrong?.scrollIntoView({ block: "center" });

  /* --- leaving with something typed asks --- */
  const guarded = document.querySelector("form[data-asks-before-leaving]");
  if (guarded) {
    let typed = guarded.hasAttribute("data-typed"), leaving = false;
    for (const kind of ["input", "change"]) guarded.addEventListener(kind, () => { typed = true; });
    document.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => { if (typed && !leaving) event.preventDefault(); });
    addEventListener("pageshow", () => { leaving = false; });
  }
})();

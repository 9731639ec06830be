/* The few things the set-up pages do while one types. Everything also works without this file. */
(() => {
  "use strict";

  const NO_ID = "00000000-0000-0000-0000-000000000000";
  const $all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const later = (wait, run) => {
    let timer;
    return (...args) => { clearTimeout(timer); timer = setTimeout(() => run(...args), wait); };
  };

  /* Only the chosen kind's inputs, and only the connection it needs. */
  function adapterSwitch(select) {
    const groups = $all("fieldset.adapter");
    const show = () => {
      const chosen = groups.find((group) => group.classList.contains(`adapter-${select.value}`));
      groups.forEach((group) => group.classList.toggle("off", group !== chosen));
      $all("fieldset.needs").forEach((group) => {
        const kind = [...group.classList].find((name) => name.startsWith("needs-"));
        group.classList.toggle("off", !chosen || !chosen.classList.contains(kind));
      });
      const testsConnection = document.querySelector('.probe [data-what="connection"]');
      if (testsConnection && chosen) testsConnection.classList.toggle("off", chosen.classList.contains("needs-nothing"));
    };
    select.addEventListener("change", show);
    show();
  }

  /* Suggestions from Home Assistant as one types, and the live value beside the entity. */
  function entityInput(input, index) {
    const list = document.createElement("datalist");
    list.id = `entities-${index}`;
    const now = document.createElement("p");
    now.className = "entity-now";
    now.setAttribute("aria-live", "polite");
    const box = input.parentElement;
    box.append(list);
    box.after(now);
    input.setAttribute("list", list.id);

    const entitiesUrl = document.querySelector("[data-entities]").dataset.entities;
    let asked = null;
    const ask = async () => {
      const connection = document.getElementById("id_home_assistant");
      const text = input.value.trim();
      if (!connection || !connection.value) { now.textContent = text ? "Choose the Home Assistant first." : ""; return; }
      const query = new URLSearchParams({
        domains: input.dataset.entityDomains,
        classes: input.dataset.entityClasses || "",
        q: text,
      });
      const url = `${entitiesUrl.replace(NO_ID, connection.value)}?${query}`;
      if (url === asked) return;
      asked = url;
      now.textContent = "Asking Home Assistant …";
      const answer = await json(url);
      if (url !== asked) return;
      list.replaceChildren(...answer.entities.map((entity) => {
        const option = document.createElement("option");
        option.value = entity.id;
        option.label = `${entity.name} · ${entity.state}`;
        return option;
      }));
      const exact = answer.entities.find((entity) => entity.id === text);
      now.textContent = answer.problem ? answer.problem
        : exact ? `${exact.name}: ${exact.state} now`
        : !text ? ""
        : answer.entities.length ? `${answer.entities.length} fit, for example ${answer.entities[0].id}`
        : "Home Assistant has nothing of that name here.";
    };
    input.addEventListener("focus", ask);
    input.addEventListener("input", later(250, ask));
    if (input.value.trim()) ask();
    document.getElementById("id_home_assistant")?.addEventListener("change", () => { asked = null; if (input.value.trim()) ask(); });
  }

  async function json(url, options = {}) {
    const trouble = (sentence) => ({ ok: false, sentence, problem: sentence, entities: [], values: {} });
    try {
      const answer = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(9000), ...options });
      if (!answer.ok || answer.redirected) return trouble("This page is too old or you were signed out. Reload it and try again.");
      return await answer.json();
    } catch {
      return trouble("The program did not answer. Is it still running?");
    }
  }

  /* Test connection and Read now, with what is typed. */
  function probe(panel) {
    const result = panel.querySelector(".probe-result");
    const buttons = $all("button", panel);
    const form = panel.closest("form");
    buttons.forEach((button) => button.addEventListener("click", async () => {
      const body = new FormData(form);
      body.set("what", button.dataset.what);
      buttons.forEach((one) => { one.disabled = true; });
      result.className = "probe-result";
      result.textContent = "Asking …";
      const answer = await json(panel.dataset.probe, { method: "POST", body });
      result.classList.add(answer.ok ? "good" : "bad");
      result.textContent = answer.sentence;
      buttons.forEach((one) => { one.disabled = false; });
      advise(panel, form, answer.advice || []);
    }));
  }

  /* What would make it better; one tap fills it in, saving stays a person's. */
  function advise(panel, form, advice) {
    $all(".probe-advice", panel).forEach((old) => old.remove());
    advice.forEach((one) => {
      const line = document.createElement("p");
      line.className = "probe-advice";
      line.textContent = one.sentence;
      if (Object.keys(one.fill).length) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet-button";
        button.textContent = "Fill in";
        button.addEventListener("click", () => {
          Object.entries(one.fill).forEach(([name, value]) => {
            const input = form.elements[name];
            if (!input) return;
            if (input.type === "checkbox") input.checked = Boolean(value); else input.value = value;
            const group = input.closest("details");
            if (group) group.open = true;
          });
          button.replaceWith("Filled in. Save to use it.");
        });
        line.append(" ", button);
      }
      panel.append(line);
    });
  }

  /* The week as typed. */
  function weekPreview(box) {
    const form = box.closest("form");
    const draw = later(250, async () => {
      const answer = await fetch(box.dataset.weekPreview, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (answer.ok && !answer.redirected) box.innerHTML = await answer.text();
    });
    form.addEventListener("input", draw);
    form.addEventListener("change", draw);
    document.addEventListener("formset:added", draw);
    document.addEventListener("formset:removed", draw);
    draw();
  }

  function filterRows(box) {
    const rows = $all("tbody tr", box);
    box.querySelector("input").addEventListener("input", (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => {
        const text = row.textContent.toLowerCase();
        row.classList.toggle("off", !words.every((word) => text.includes(word)));
      });
    });
  }

  function suggestWords(input, index) {
    const list = document.createElement("datalist");
    list.id = `words-${index}`;
    list.append(...input.dataset.suggest.split(",").map((word) => new Option(word, word)));
    input.after(list);
    input.setAttribute("list", list.id);
  }

  /* A new home is most likely where this browser is. */
  function guessTimeZone(select) {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const isNew = location.pathname.endsWith("/add/");
    if (isNew && select.value === "UTC" && [...select.options].some((option) => option.value === here)) select.value = here;
  }

  document.addEventListener("DOMContentLoaded", () => {
    $all("[data-adapter-switch]").forEach(adapterSwitch);
    $all("[data-entity-domains]").forEach(entityInput);
    $all("[data-probe]").forEach(probe);
    $all("[data-week-preview]").forEach(weekPreview);
    $all("[data-filter]").forEach(filterRows);
    $all("[data-suggest]").forEach(suggestWords);
    $all("[data-guess='time-zone']").forEach(guessTimeZone);
  });
})();

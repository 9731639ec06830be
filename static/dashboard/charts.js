"use strict";
/* The charts of a room, of the energy and of a miner, drawn by uPlot from columns the server sends.
   Colours come from the page; what a line is stands beside it; one axis per unit. */
(() => {
  const REFRESH_MS = 60000;
  /* light-dark() is resolved by the browser only in a real colour: let a probe resolve it. */
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  const colour = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const faded = (name, share) => {
    const [r, g, b] = colour(name).match(/[\d.]+/g);
    return `rgba(${r}, ${g}, ${b}, ${share})`;
  };
  const dash = (value, unit, digits) => (value == null ? "–" : `${value.toFixed(digits).replace("-", "−")}\u202f${unit}`);
  const watts = (w) => (w == null ? "–" : Math.abs(w) < 1000 ? dash(w, "W", 0) : dash(w / 1000, "kW", 1));

  /* Names stand beside the lines where there is room, on them where there is not. */
  const WIDE = 560, NAMES = 176;

  /* As wide for every unit: charts of one box share a time axis, so the same moment stands at the same place. */
  const AXIS = 68;

  /* What all charts of a box say of the moment under the cursor. */
  const tellMoment = (box, moment) => {
    const parts = box.reads.filter(Boolean);
    box.querySelector(".readout").textContent = parts.length ? `${moment} · ${parts.join(" · ")}` : hints[box.dataset.chart] || HINT;
  };

  /* The frame every chart shares: time axis in the site's zone, 24 h, now at the right edge. */
  const frame = (box, data, height, extra) => {
    const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: box.dataset.zone });
    const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: box.dataset.zone });
    const spansDays = data.to - data.from > 2 * 86400;
    const tick = (t) => (spansDays && time.format(t * 1000) === "00:00" ? date : time).format(t * 1000);
    const moment = (t) => (spansDays ? `${date.format(t * 1000)} ` : "") + time.format(t * 1000);
    const grid = { stroke: colour("--line"), width: 1 };
    return {
      width: box.clientWidth, height, padding: [12, box.clientWidth >= WIDE ? NAMES : 12, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), box.dataset.zone),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 }, sync: { key: box.id, scales: ["x", null] } },
      scales: { x: { range: [data.from, data.to] }, ...extra.scales },
      axes: [
        { stroke: colour("--soft"), grid, ticks: grid, space: 64, values: (_, ticks) => ticks.map(tick) },
        { stroke: colour("--soft"), grid, ticks: grid, size: AXIS, ...extra.axis },
      ],
      series: [{}, ...extra.series],
      bands: extra.bands || [],
      hooks: {
        draw: [(plot) => { (extra.draw || (() => {}))(plot); mark(plot, data.to); label(plot, extra); }],
        setCursor: [(plot) => {
          const at = plot.cursor.idx, main = box.plots?.[0] || plot, first = main.cursor.idx;
          box.reads[extra.place || 0] = at == null ? "" : extra.read(plot.data, at);
          tellMoment(box, moment(main.data[0][first ?? 0]));
        }],
      },
    };
  };

  /* Now. */
  const mark = (plot, now) => {
    const x = Math.round(plot.valToPos(now, "x", true)), { top, height } = plot.bbox, pen = plot.ctx;
    pen.save();
    pen.strokeStyle = colour("--soft");
    pen.setLineDash([4, 4]);
    pen.beginPath(); pen.moveTo(x, top); pen.lineTo(x, top + height); pen.stroke();
    pen.restore();
  };

  /* Names at the last value of each line, pushed apart where they would lie on each other. */
  const label = (plot, extra) => {
    const pen = plot.ctx, ratio = devicePixelRatio, gap = 16 * ratio, placed = [];
    pen.save();
    pen.font = `600 ${13 * ratio}px system-ui, sans-serif`;
    const beside = plot.width >= WIDE;
    pen.textAlign = beside ? "left" : "right";
    extra.series.forEach((series, index) => {
      if (!series.label) return;
      const values = plot.data[index + 1];
      let last = values.length - 1;
      while (last >= 0 && values[last] == null) last--;
      if (last < 0) return;
      const scale = series.scale || "y";
      const text = series.off?.(plot, last) || series.label; // what lies outside the drawing says where
      placed.push({ text, colour: series.stroke(), y: plot.valToPos(values[last], scale, true) + (beside ? 4 : -6) * ratio });
    });
    placed.sort((a, b) => a.y - b.y);
    const top = plot.bbox.top + gap;
    placed.forEach((item, index) => { item.y = Math.max(item.y, index ? placed[index - 1].y + gap : top); });
    const bottom = plot.bbox.top + plot.bbox.height - 6 * ratio;
    for (let index = placed.length - 1; index >= 0; index--) {
      placed[index].y = Math.min(placed[index].y, index === placed.length - 1 ? bottom : placed[index + 1].y - gap);
    }
    const right = plot.bbox.left + plot.bbox.width + (beside ? 8 : -8) * ratio;
    pen.lineWidth = 4 * ratio;
    pen.lineJoin = "round";
    pen.strokeStyle = colour("--surface");
    for (const item of placed) {
      pen.strokeText(item.text, right, item.y);
      pen.fillStyle = item.colour;
      pen.fillText(item.text, right, item.y);
    }
    pen.restore();
  };

  /* Stretches of columns where `here` holds, as pixel pairs. */
  const stretches = (plot, step, here) => {
    const times = plot.data[0], found = [];
    for (let i = 0, start = null; i <= times.length; i++) {
      const holds = i < times.length && here(i);
      if (holds && start === null) start = i;
      if (!holds && start !== null) {
        found.push([plot.valToPos(times[start], "x", true), plot.valToPos(times[i - 1] + step, "x", true)]);
        start = null;
      }
    }
    return found;
  };

  /* Of each step as much as it heated; whole pixels, so that neighbours meet without a seam. */
  const heatingStrip = (plot, step, share) => {
    const { left, top, width, height } = plot.bbox, pen = plot.ctx, tall = 6 * devicePixelRatio;
    const x = (t) => Math.min(Math.round(plot.valToPos(t, "x", true)), left + width); // the last step is not over yet
    pen.save();
    pen.fillStyle = colour("--heat");
    plot.data[0].forEach((t, i) => {
      if (share[i] > 0) pen.fillRect(x(t), top + height - tall, Math.max(x(t + step * share[i]) - x(t), 1), tall);
    });
    pen.restore();
  };

  /* Where the cycles are too many to be seen: bars as high as the share of the time it was on, in a trough of that
     height, so that a third of the time does not look like all of it. */
  const TROUGH = 28;
  const cycleStrip = (plot, { t, share, step }) => {
    const { left, top, width, height } = plot.bbox, pen = plot.ctx, tall = TROUGH * devicePixelRatio;
    const x = (at) => Math.max(left, Math.min(Math.round(plot.valToPos(at, "x", true)), left + width));
    pen.save();
    pen.fillStyle = faded("--heat", 0.14);
    pen.fillRect(left, top + height - tall, width, tall);
    pen.fillStyle = colour("--heat");
    t.forEach((at, i) => {
      const high = Math.round(tall * share[i]), [from, to] = [x(at), x(at + step)], gap = to - from > 4 * devicePixelRatio ? devicePixelRatio : 0;
      if (share[i] > 0) pen.fillRect(from, top + height - high, Math.max(to - from - gap, 1), high);
    });
    pen.restore();
  };

  /* The bar a moment lies in, in words: “33 % of 6 h, 3 starts”. */
  const cycleWords = ({ t, share, starts, step }, moment) => {
    let i = t.length - 1;
    while (i >= 0 && t[i] > moment) i--;
    if (i < 0 || moment >= t[i] + step) return "";
    return `${dash(100 * share[i], "%", 0)} of ${step < 3600 ? `${step / 60}\u202fmin` : `${step / 3600}\u202fh`}, ${starts[i]} ${starts[i] === 1 ? "start" : "starts"}`;
  };

  /* A word in a stretch: across where it fits, upright where it is narrow. */
  const wordIn = (pen, word, name, from, to, top) => {
    const ratio = devicePixelRatio, isWide = pen.measureText(word).width + 8 * ratio < to - from;
    if (!isWide && to - from < 16 * ratio) return;
    pen.save();
    pen.translate((from + to) / 2 + (isWide ? 0 : 4 * ratio), top + (isWide ? 14 : 4) * ratio);
    if (!isWide) pen.rotate(-Math.PI / 2);
    pen.textAlign = isWide ? "center" : "right";
    pen.lineWidth = 4 * ratio;
    pen.strokeStyle = colour("--surface");
    pen.strokeText(word, 0, 0);
    pen.fillStyle = colour(name);
    pen.fillText(word, 0, 0);
    pen.restore();
  };

  /* The band where it is: what lies outside the drawing has an arrow at the edge it lies beyond. */
  const offScale = (plot, i) => {
    const [high, low] = [plot.data[2][i], plot.data[3][i]], { min, max } = plot.scales.y;
    return high == null ? 0 : low > max ? 1 : high < min ? -1 : 0;
  };
  const arrows = (plot, step) => {
    const { top, height } = plot.bbox, pen = plot.ctx, ratio = devicePixelRatio, half = 5 * ratio;
    pen.save();
    pen.fillStyle = colour("--soft");
    for (const way of [1, -1]) {
      for (const [from, to] of stretches(plot, step, (i) => offScale(plot, i) === way)) {
        const end = Math.min(to, plot.bbox.left + plot.bbox.width), count = Math.max(1, Math.floor((end - from) / (120 * ratio)));
        for (let n = 0; n < count; n++) {
          const x = from + ((n + 0.5) * (end - from)) / count, tip = way > 0 ? top + 2 * ratio : top + height - 10 * ratio;
          pen.beginPath();
          pen.moveTo(x, tip); pen.lineTo(x - half, tip + way * 1.6 * half); pen.lineTo(x + half, tip + way * 1.6 * half);
          pen.fill();
        }
      }
    }
    pen.restore();
  };

  /* Hatched: here nothing was as usual (no sensor to believe, a window open). */
  const hatch = (plot, step, flags, name, word) => {
    const { top, height } = plot.bbox, pen = plot.ctx, ratio = devicePixelRatio, apart = 8 * ratio;
    pen.save();
    pen.font = `600 ${13 * ratio}px system-ui, sans-serif`;
    for (const [from, to] of stretches(plot, step, (i) => flags[i] === 1)) {
      pen.save();
      pen.beginPath(); pen.rect(from, top, to - from, height); pen.clip();
      pen.strokeStyle = faded(name, 0.5);
      pen.lineWidth = ratio;
      pen.beginPath();
      for (let x = from - height; x < to; x += apart) { pen.moveTo(x, top + height); pen.lineTo(x + height, top); }
      pen.stroke();
      wordIn(pen, word, name, from, to, top);
      pen.restore();
    }
    pen.restore();
  };

  const HINT = "Touch the chart to read it.", hints = { zone: `${HINT} The strip below the line is heating.` };
  const degreeAxis = { values: (_, ticks) => ticks.map((t) => `${t.toFixed(1).replace("-", "−")}°`) };
  const degrees = (data, value) => dash(value, data.unit || "°C", 1);
  const line = (name, label, more) => ({ label, stroke: () => colour(name), width: 2, points: { show: false }, ...more });
  const edge = { label: "", stroke: () => "transparent", width: 0, points: { show: false } };

  const known = (data, name) => data[name].some((value) => value != null);

  /* A small chart below the first, of another unit or scale. */
  const below = (box, data, place, name, axis, series, read, scales) => ({
    data: [data.t, data[name]],
    options: frame(box, data, 140, { place, scales, axis: { space: 24, ...axis }, series: [series], read }),
  });

  /* A small chart of the share of each bar's time that it was on. */
  const cyclesBelow = (box, data, place) => {
    const { t, share, step } = data.cycles, last = t.at(-1);
    return {
      data: [[...t, last + step], [...share, share.at(-1)].map((one) => 100 * one)],
      options: frame(box, data, 140, {
        place,
        scales: { y: { range: [0, 100] } },
        axis: { space: 24, values: (_, ticks) => ticks.map((one) => `${one}\u202f%`) },
        series: [line("--heat", "time on", { paths: uPlot.paths.stepped({ align: 1 }), fill: () => faded("--heat", 0.3), width: 1 })],
        read: (columns, at) => { const words = cycleWords(data.cycles, Math.min(columns[0][at], last)); return words && `on ${words}`; },
      }),
    };
  };

  /* All temperatures, and of the band what is within REACH_K of them: a far target does not flatten the line. */
  const REACH_K = 2;
  const degreeRange = (data, cycled) => {
    const believed = data.temperature.filter((t) => t != null), band = [...data.low, ...data.high].filter((t) => t != null);
    if (!believed.length && !band.length) return [15, 25];
    const [coldest, warmest] = [Math.min(...(believed.length ? believed : band)), Math.max(...(believed.length ? believed : band))];
    const shown = [...believed, ...band.map((t) => Math.min(Math.max(t, coldest - REACH_K), warmest + REACH_K))];
    const low = Math.min(...shown), high = Math.max(...shown), middle = (low + high) / 2;
    const half = Math.max((high - low) / 2, 1) + 0.3;
    return [middle - half - (cycled ? half / 4 : 0), middle + half]; // room for the trough
  };

  const zoneChart = (box, data) => {
    const cycled = data.cycles.t.length > 0, unit = data.unit || "°C";
    const heating = (at) => {
      if (cycled) { const words = cycleWords(data.cycles, data.t[at]); return words && `heating ${words}`; }
      return data.heated[at] > 0 ? `heating ${watts(data.heating[at])}` : "";
    };
    const where = (plot, i) => {
      const way = offScale(plot, i);
      return way && `${way > 0 ? "↑" : "↓"} target ${dash((plot.data[2][i] + plot.data[3][i]) / 2, unit, 1)}`;
    };
    const charts = [{
      data: [data.t, data.temperature, data.high, data.low],
      options: frame(box, data, 300, {
        scales: { y: { range: degreeRange(data, cycled) } },
        axis: degreeAxis,
        series: [line("--ink", "temperature"), edge, { ...edge, label: "target band", off: where, stroke: () => colour("--soft"), width: 0 }],
        bands: [{ series: [2, 3], fill: () => faded("--ink", 0.12) }],
        draw: (plot) => {
          if (cycled) cycleStrip(plot, data.cycles); else heatingStrip(plot, data.step, data.heated);
          arrows(plot, data.step);
          hatch(plot, data.step, data.window, "--away", "window open");
          hatch(plot, data.step, data.lost, "--alarm", "sensor lost");
        },
        read: (columns, at) => {
          const band = columns[2][at] == null ? "" : `band ${dash(columns[3][at], "", 1).trim()}–${degrees(data, columns[2][at])}`;
          return [
            degrees(data, columns[1][at]), band, heating(at), data.window[at] ? "window open" : "", data.lost[at] ? "sensor lost" : "",
          ].filter(Boolean).join(", ");
        },
      }),
    }];
    if (known(data, "outdoor")) charts.push(below(
      box, data, charts.length, "outdoor", degreeAxis, line("--cold", "outdoors"), (columns, at) => `outdoors ${degrees(data, columns[1][at])}`,
    ));
    return charts;
  };

  const minerChart = (box, data) => {
    const lines = [
      ["power", line("--heat", "power", { fill: () => faded("--heat", 0.15) })],
      ["wanted", line("--soft", "wanted", { dash: [6, 4], width: 1.5 })],
    ].filter(([name]) => known(data, name));
    const charts = [{
      data: [data.t, ...lines.map(([name]) => data[name])],
      options: frame(box, data, 220, {
        scales: { y: { range: (_, low, high) => [0, Math.max(high || 0, 100) * 1.1] } },
        axis: { values: (_, ticks) => ticks.map(watts) },
        series: lines.map(([, drawn]) => drawn),
        read: (columns, at) => `${data.step > 60 ? "on average " : ""}${watts(data.power[at])}${data.wanted[at] == null ? "" : `, wanted ${watts(data.wanted[at])}`}`,
      }),
    }];
    if (data.cycles.t.length) charts.push(cyclesBelow(box, data, charts.length));
    if (known(data, "hash_rate")) charts.push(below(
      box, data, charts.length, "hash_rate", { values: (_, ticks) => ticks.map((t) => `${t}\u202fTH/s`) }, line("--ink", "hash rate"),
      (columns, at) => `hash rate ${dash(columns[1][at], "TH/s", 1)}`,
    ));
    if (known(data, "chips")) charts.push(below(
      box, data, charts.length, "chips", degreeAxis, line("--ink", "chips"), (columns, at) => `chips ${degrees(data, columns[1][at])}`,
    ));
    return charts;
  };

  const energyChart = (box, data) => {
    const lines = [
      ["production", "production", "--heat", { fill: () => faded("--heat", 0.15) }],
      ["household", "household", "--ink", {}],
      ["grid", "grid (+ buying)", "--cold", {}],
      ["battery", "battery (+ charging)", "--away", {}],
      ["miners", "miners", "--heat", { dash: [6, 4] }],
    ].filter(([name]) => known(data, name));
    const charts = [{
      data: [data.t, ...lines.map(([name]) => data[name])],
      options: frame(box, data, 280, {
        axis: { values: (_, ticks) => ticks.map(watts) },
        series: lines.map(([, label, name, more]) => line(name, label, more)),
        read: (columns, at) => lines.map(([, label], index) => `${label} ${watts(columns[index + 1][at])}`).join(", "),
      }),
    }];
    if (known(data, "charge")) charts.push(below(
      box, data, charts.length, "charge", { values: (_, ticks) => ticks.map((t) => `${t}\u202f%`) },
      line("--away", "battery charge", { fill: () => faded("--away", 0.12) }),
      (columns, at) => `battery ${dash(columns[1][at], "%", 0)}`, { y: { range: [0, 100] } },
    ));
    return charts;
  };

  const kinds = { zone: zoneChart, energy: energyChart, miner: minerChart };

  const note = (box, text) => {
    const line = document.createElement("p");
    line.className = "soft";
    line.textContent = text;
    box.replaceChildren(line);
  };

  const draw = (box) => {
    const data = box.columns;
    if (!data) return;
    if (data.t.length < 2) return note(box, "Nothing recorded yet in this time. The line begins with the next minutes.");
    for (const plot of box.plots || []) plot.destroy();
    const readout = document.createElement("p");
    readout.className = "readout";
    box.replaceChildren(readout);
    [box.plots, box.reads] = [null, []];
    box.plots = kinds[box.dataset.chart](box, data).map((chart) => new uPlot(chart.options, chart.data, box));
    readout.textContent = hints[box.dataset.chart] || HINT;
  };

  /* The figures of the time shown; their places are on the page already. */
  const tell = (box) => {
    document.querySelectorAll(`#${CSS.escape(box.id)}-stats dd strong`).forEach((value, index) => {
      value.textContent = box.columns.stats[index].value;
    });
  };

  const load = async (box) => {
    if (document.hidden || !box.checkVisibility()) return;
    const hours = box.dataset.hours ? `?hours=${box.dataset.hours}` : "";
    try {
      const answer = await fetch(box.dataset.src + hours, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      box.columns = await answer.json();
      draw(box);
      tell(box);
    } catch {
      if (!box.columns) note(box, "The chart could not be loaded. It tries again in a minute.");
    }
  };

  const boxes = [...document.querySelectorAll("[data-chart]")];
  const redraw = () => boxes.forEach(draw);
  boxes.forEach(load);
  setInterval(() => boxes.forEach(load), REFRESH_MS);
  new ResizeObserver(() => {
    for (const box of boxes) if (box.plots && Math.abs(box.plots[0].width - box.clientWidth) > 1) draw(box);
  }).observe(document.body);
  document.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const folded of document.querySelectorAll("details.past-of")) {
    folded.addEventListener("toggle", () => { if (folded.open) load(folded.querySelector("[data-chart]")); });
  }
  for (const button of document.querySelectorAll("[data-chart-for]")) {
    button.addEventListener("click", () => {
      const box = document.getElementById(button.dataset.chartFor);
      box.dataset.hours = button.dataset.hours;
      for (const other of document.querySelectorAll(`[data-chart-for="${box.id}"]`)) other.setAttribute("aria-pressed", String(other === button));
      load(box);
    });
  }
})();

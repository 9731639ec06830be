/* What a page is measured by in the browser; see test_browser.py. */
({
  /* Horizontal overflow in px. */
  overflow: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,

  /* Buttons and links of controls smaller than 44 px, in words. */
  small: () => [...document.querySelectorAll("button, a.button, summary, nav a, input, select")]
    .filter((item) => item.checkVisibility() && !item.closest(".sr") && item.type !== "hidden")
    .map((item) => [item, (item.closest("label.check") || item).getBoundingClientRect()])
    .filter(([, box]) => box.width < 44 || box.height < 43.5)
    .map(([item, box]) => `${item.outerHTML.slice(0, 80)} is ${Math.round(box.width)}×${Math.round(box.height)}`),

  /* Text below 4.5:1 against what lies behind it, in words. */
  faint: () => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
    const behind = (item) => {
      for (let at = item; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255, 255];
    };
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim(), item = walker.currentNode.parentElement;
      if (!text || !item.checkVisibility() || item.closest(".sr, script")) continue;
      const [a, b] = [light(parse(getComputedStyle(item).color)), light(behind(item))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return found;
  },

  /* Controls another thing lies on, in words. */
  covered: () => [...document.querySelectorAll("main :is(button, summary, input:not([type=hidden]), select)")]
    .filter((item) => item.checkVisibility() && !item.closest(".sr"))
    .filter((item) => {
      item.scrollIntoView({ block: "center" });
      const box = item.getBoundingClientRect(), y = box.top + box.height / 2;
      return [box.left + 6, box.left + box.width / 2, box.right - 6].some((x) => {
        const top = document.elementFromPoint(x, y);
        return top && !item.contains(top) && !top.contains(item);
      });
    })
    .map((item) => item.outerHTML.slice(0, 80)),

  /* How much of the page jumped since it was opened, as browsers reckon it (0: nothing). */
  jumped: () => new Promise((told) => {
    let sum = 0;
    new PerformanceObserver((list) => { for (const shift of list.getEntries()) sum += shift.value; }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => told(sum), 50);
  }),

  /* Controls nobody could name: no text, no label. */
  unnamed: () => [...document.querySelectorAll("button, a, input:not([type=hidden]), select, summary")]
    .filter((item) => item.checkVisibility())
    .filter((item) => !(item.innerText || item.textContent || item.getAttribute("aria-label") || "").trim() && !(item.labels && item.labels.length))
    .map((item) => item.outerHTML.slice(0, 80)),
})

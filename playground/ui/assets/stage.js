// The stage: two pictures, one camera. What is shown comes from `props.value` alone; whatever is
// text there becomes text here, never markup. All listeners are made once and outlive every pair.
const MODES = ["side", "slider", "blink", "fade", "difference"];

const texts = props.texts;
const find = (selector) => element.querySelector(selector);
const all = (selector) => Array.from(element.querySelectorAll(selector));
const stage = find(".pg-stage");
const view = find(".pg-stage-view");
const floor = find(".pg-stage-floor");
const captions = all(".pg-stage-caption");
const panes = all(".pg-stage-pane:not([data-slot=difference])");
const images = panes.map((pane) => pane.querySelector("img"));
const canvasPane = find("[data-slot=difference].pg-stage-pane");
const ground = find(".pg-stage-ground");
const canvas = find("canvas");
const divider = find(".pg-stage-divider");
const line = find(".pg-stage-line");
const fade = find(".pg-stage-fade");
const speed = find(".pg-stage-speed");
const status = find("[role=status]");
const keysDialog = find("dialog");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const life = new AbortController();

let pictures = new Map(); // key → picture, as `stage_value` wrote them
let isBlind = false;
let pair = null;
let shown = [null, null]; // keys, first side first
let state = "empty";
let mode = "side";
let direction = "vertical";
let isSecondShown = false; // while blinking
let gain = 1;
let camera = { isFit: true, zoom: 1, x: 0, y: 0 };
let room = null; // what `measure` found
let reason = ""; // told in the note until something else is done
let loading = 0; // counts pairs, so that a late picture of an earlier one is not shown
let drawn = ""; // which difference the canvas holds
let blinking = null; // timer
let frame = null;
let isMeasured = false;

function words(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function say(message) {
  status.textContent = message;
}

const picture = (side) => pictures.get(shown[side]);
const mark = (side) => picture(side)?.mark ?? "";
const sizeOf = (image) => ({ width: image.naturalWidth, height: image.naturalHeight });
const pixels = (size) => `${size.width}×${size.height}`;

// ---- which pictures --------------------------------------------------------------------------

function receive() {
  const value = props.value ?? {};
  const list = Array.isArray(value.pictures) ? value.pictures : [];
  const before = pictures;
  pictures = new Map(list.map((each) => [each.key, each]));
  const isStill = (key) => pictures.has(key) && pictures.get(key).mark === before.get(key).mark;
  const isSamePair = value.pair === pair && (isBlind || !value.isBlind) && shown.every(isStill);
  isBlind = value.isBlind === true;
  pair = value.pair ?? null;
  if (!isSamePair) {
    shown = [0, 1].map((place) => list[place]?.key ?? null);
    camera = { ...camera, isFit: true };
    divider.value = 50;
    fade.value = 50;
    isSecondShown = false;
  }
  if (list.length < 2) return enter("empty");
  return load();
}

async function load() {
  const current = (loading += 1);
  reason = "";
  // Never an old picture under a new name, and never one side before the other.
  if (shown.some((key, side) => images[side].getAttribute("src") !== pictures.get(key).url)) {
    keepRoom();
    enter("loading");
  }
  const results = await Promise.allSettled(
    images.map((image, side) => {
      const { url, alt } = picture(side);
      if (image.getAttribute("src") !== url) image.src = url;
      image.alt = alt;
      return image.decode();
    }),
  );
  if (current !== loading) return;
  const broken = results.findIndex((result) => result.status === "rejected");
  if (broken >= 0) {
    images[broken].removeAttribute("src"); // the next attempt asks for it again
    return enter("problem", words("broken", { mark: mark(broken) }));
  }
  enter("ready");
}

/** The height the pictures will have, so that nothing jumps when they come. */
function keepRoom() {
  if (!Array.isArray(props.value.box) || isFull()) return;
  const [width, height] = props.value.box;
  setHeight({ width, height });
}

function enter(next, message = words(next === "ready" ? "empty" : next)) {
  state = next;
  stage.dataset.state = next;
  find(".pg-stage-message").textContent = next === "ready" ? "" : message;
  if (next !== "loading") forgetDifference();
  if (next === "empty") {
    for (const image of images) image.removeAttribute("src");
    view.style.height = ""; // as a pair needed it
    fill(false); // the button that leads out is gone with the others
  }
  // Not while loading: a button that is disabled under somebody's hand loses the focus.
  for (const button of all(".pg-stage-tools button:not([data-act=keys])")) {
    button.disabled = next === "empty" || next === "problem";
  }
  if (next === "ready" && mode === "difference" && whyNoDifference()) mode = "side";
  if (next !== "ready") stopBlinking();
  describe();
  relayout();
}

function choose(side, key) {
  if (!pictures.has(key)) return;
  shown[side] = key;
  load();
}

function swap() {
  if (state !== "ready") return;
  shown.reverse();
  images.reverse();
  images.forEach((image, side) => panes[side].firstElementChild.prepend(image));
  forgetDifference();
  describe();
  relayout();
  say(words("swapped", { first: mark(0), second: mark(1) }));
}

// ---- words around the pictures ---------------------------------------------------------------

function describe() {
  const isReady = state === "ready";
  captions.forEach(caption);
  for (const button of all("[data-mode-button]")) {
    button.setAttribute("aria-pressed", String(button.dataset.modeButton === mode));
  }
  const why = isReady ? whyNoDifference() : "";
  const difference = find("[data-mode-button=difference]");
  difference.setAttribute("aria-disabled", String(Boolean(why)));
  difference.title = why;
  for (const button of all("button[data-direction]")) {
    button.setAttribute("aria-pressed", String(button.dataset.direction === direction));
  }
  for (const button of all("[data-gain]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.gain) === gain));
  }
  const auto = find("[data-act=auto]");
  auto.setAttribute("aria-pressed", String(blinking !== null));
  auto.setAttribute("aria-disabled", String(stillness.matches));
  auto.title = stillness.matches ? words("still") : "";
  find(".pg-stage-speed + output").textContent = words("seconds", { seconds: Number(speed.value) });
  stage.dataset.mode = mode;
  stage.dataset.direction = direction;
  view.setAttribute("aria-label", words("view", { mode: words(mode) }));
  find(".pg-stage-note").textContent = isReady ? reason || sizesNote() : "";
  describeShares();
}

function caption(node, side) {
  const [badge, name, select, size] = node.children;
  const isChoice = pictures.size > 2;
  badge.textContent = mark(side);
  name.textContent = picture(side)?.label ?? "";
  name.title = name.textContent;
  name.hidden = isChoice;
  select.hidden = !isChoice;
  if (isChoice) {
    const options = [...pictures.values()].map((each) => {
      const option = document.createElement("option");
      option.value = each.key;
      option.textContent = each.label || each.mark;
      return option;
    });
    const wanted = JSON.stringify(options.map((option) => option.textContent));
    if (select.dataset.options !== wanted) {
      select.replaceChildren(...options); // not otherwise: it would close under somebody's hand
      select.dataset.options = wanted;
    }
    select.value = shown[side];
    select.setAttribute("aria-label", words("choose", { side: words(`side_${side}`) }));
  }
  size.textContent = state === "ready" && !isBlind ? pixels(sizeOf(images[side])) : "";
  node.hidden = state === "empty";
  node.dataset.dim = mode === "blink" && (side === 1) !== isSecondShown;
}

/** Shares of the divider and the fade, in words for eyes and ears. */
function describeShares() {
  const percent = Math.round(Number(fade.value));
  [100 - percent, percent].forEach((share, side) => {
    write(find(`[data-end="${side}"]`), words("share", { mark: mark(side), percent: share }));
  });
  fade.setAttribute("aria-valuetext", words("share", { mark: mark(1), percent }));
  const first = Math.round(Number(divider.value));
  divider.setAttribute("aria-valuetext", words("share", { mark: mark(0), percent: first }));
  write(find(".pg-stage-zoom"), state === "ready" ? words("percent", { percent: zoomPercent() }) : "");
}

function zoomPercent() {
  return Number((camera.zoom * 100).toPrecision(camera.zoom < 1 ? 2 : 3));
}

function areEqual() {
  const [a, b] = images.map(sizeOf);
  return a.width === b.width && a.height === b.height;
}

function sizesNote() {
  if (isBlind || areEqual()) return "";
  const sizes = images.map(sizeOf);
  const box = commonBox(sizes);
  const enlarged = sizes.flatMap((size, side) => {
    const { scale } = contain(box, size);
    if (scale === 1) return [];
    return [words("enlarged", { mark: mark(side), factor: scale.toFixed(2) })];
  });
  const parts = sizes.map((size, side) => `${mark(side)} ${pixels(size)}`);
  return [
    words("unequal", { sizes: parts.join(", "), box: pixels(box) }),
    ...enlarged,
    words("why_unequal"),
  ].join(" ");
}

function whyNoDifference() {
  if (isBlind) return words("why_blind");
  return areEqual() ? "" : words("why_unequal");
}

// ---- modes -----------------------------------------------------------------------------------

function setMode(next) {
  if (state !== "ready" || !MODES.includes(next)) return;
  const why = next === "difference" ? whyNoDifference() : "";
  reason = isBlind ? why : ""; // unequal sizes are told already
  if (!why) {
    if (next === mode && mode === "slider") direction = direction === "vertical" ? "horizontal" : "vertical";
    mode = next;
    if (mode !== "blink") stopBlinking();
  }
  describe();
  relayout();
  say(why || words("now", { mode: words(mode) }));
}

function setDirection(next) {
  direction = next;
  describe();
  relayout();
}

function toggle() {
  isSecondShown = !isSecondShown;
  describe();
  schedule();
}

function toggleBlinking() {
  if (stillness.matches) return say(words("still"));
  if (blinking !== null) stopBlinking();
  else startBlinking();
  describe();
}

function startBlinking() {
  stopBlinking();
  blinking = setInterval(toggle, Number(speed.value) * 1000);
}

function stopBlinking() {
  clearInterval(blinking);
  blinking = null;
}

/** The range of the mode that is on, one step on. */
function nudge(by) {
  const range = { slider: divider, fade, blink: speed }[mode];
  if (!range) return;
  const steps = range === speed ? 0.1 : 2;
  range.value = Number(range.value) + by * steps;
  range.dispatchEvent(new Event("input", { bubbles: true }));
}

function forgetDifference() {
  drawn = "";
  canvas.width = canvas.height = 0; // a canvas of this size holds tens of megabytes
  find(".pg-stage-found").textContent = "";
}

async function showDifference() {
  const wanted = `${loading} ${shown.join(" ")} ${gain}`;
  if (drawn === wanted) return;
  drawn = wanted;
  const found = find(".pg-stage-found");
  found.textContent = words("computing");
  canvas.setAttribute("aria-label", words("difference_alt", { first: mark(0), second: mark(1), gain }));
  try {
    const isWanted = () => drawn === wanted && element.isConnected;
    const facts = await drawDifference(canvas, images, sizeOf(images[0]), gain, isWanted);
    if (facts === null) return;
    const percent = ((100 * facts.differing) / facts.total).toPrecision(2);
    found.textContent = facts.differing
      ? words("found", { percent: Number(percent), largest: facts.largest })
      : words("found_none");
    say(found.textContent);
  } catch (problem) {
    if (drawn === wanted) found.textContent = words("unreadable", { problem: problem.message });
  }
  schedule();
}

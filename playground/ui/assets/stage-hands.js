// How the stage is moved: wheel, fingers, mouse, buttons and keys. Follows `stage.js`.
const TAP_MS = 350;
const TAP_PX = 8;
const STEP_ZOOM = 1.25;
const STEP_PAN = 0.1; // of a pane
const WHEEL_RATE = 0.002;
const PINCH_RATE = 0.01; // a touchpad's pinch comes as small wheel steps
const SAME_GESTURE_MS = 250;
const STORED_KEYS = "playground-stage-keys";

// ---- the camera ------------------------------------------------------------------------------

function move(next) {
  if (state !== "ready" || !room) return;
  camera = held(next, room.box, room.panes[0]);
  schedule();
}

function zoomTo(zoom, point) {
  if (state !== "ready" || !room) return;
  const pane = room.panes[0];
  const middle = { x: pane.width / 2, y: pane.height / 2 };
  move(zoomedAt(camera, zoom, point ?? middle, room.box, pane));
}

function panBy(dx, dy) {
  move(panned(camera, dx, dy));
}

const fit = () => move({ ...camera, isFit: true });
const inPane = (event, side) => ({
  x: (event.clientX - room.left) * room.scale - room.panes[side].x,
  y: (event.clientY - room.top) * room.scale - room.panes[side].y,
});

function sideOf(target) {
  const pane = target.closest?.(".pg-stage-pane");
  if (pane) return Math.max(0, panes.indexOf(pane));
  return target === divider ? 0 : -1;
}

let passedAt = -Infinity; // a wheel that began by scrolling the page goes on doing so

document.addEventListener(
  "wheel",
  (event) => {
    if (!element.contains(event.target)) passedAt = event.timeStamp;
  },
  { passive: true, signal: life.signal },
);
view.addEventListener(
  "wheel",
  (event) => {
    const side = sideOf(event.target);
    if (side < 0 || state !== "ready" || !room) return;
    const isOut = event.deltaY > 0;
    const atEnd = isOut && camera.zoom <= minZoom(room.box, room.panes[0]);
    const isPassing = event.timeStamp - passedAt < SAME_GESTURE_MS;
    if (!event.ctrlKey && !isFull() && (atEnd || isPassing)) {
      passedAt = event.timeStamp;
      return;
    }
    event.preventDefault();
    const unit = [1, 16, 400][event.deltaMode];
    const rate = event.ctrlKey ? PINCH_RATE : WHEEL_RATE;
    const delta = limited(event.deltaY * unit, -300, 300);
    zoomTo(camera.zoom * Math.exp(-delta * rate), inPane(event, side));
  },
  { passive: false },
);

const fingers = new Map(); // id → last place
let grip = null; // the side that was touched, and whether it is still a tap
let lastTap = null;

view.addEventListener("pointerdown", (event) => {
  const side = sideOf(event.target);
  if (side < 0 || event.target === divider || event.button !== 0 || state !== "ready") return;
  view.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (fingers.size === 1) grip = { side, isTap: true, x: event.clientX, y: event.clientY };
  else grip.isTap = false;
  beginPinch();
  stage.dataset.gripped = "true";
});
view.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last || !room) return;
  const point = { x: event.clientX, y: event.clientY };
  fingers.set(event.pointerId, point);
  if (fingers.size > 1) return goOnPinching();
  if (Math.hypot(point.x - grip.x, point.y - grip.y) > TAP_PX) grip.isTap = false;
  panBy((point.x - last.x) * room.scale, (point.y - last.y) * room.scale);
});

/** Where two fingers are: their middle in the pane, and how far apart. */
function spread() {
  const [a, b] = [...fingers.values()];
  const middle = { clientX: (a.x + b.x) / 2, clientY: (a.y + b.y) / 2 };
  return { middle: inPane(middle, grip.side), apart: Math.hypot(a.x - b.x, a.y - b.y) };
}

/** All of a pinch is reckoned from its beginning, so that its steps do not add up their limits. */
function beginPinch() {
  if (fingers.size === 2) grip.pinch = { camera, ...spread() };
}

function goOnPinching() {
  const { pinch } = grip;
  if (fingers.size !== 2 || !pinch.apart) return;
  const { middle, apart } = spread();
  const wanted = pinch.camera.zoom * (apart / pinch.apart);
  const zoomed = zoomedAt(pinch.camera, wanted, pinch.middle, room.box, room.panes[0]);
  move(panned(zoomed, middle.x - pinch.middle.x, middle.y - pinch.middle.y));
}

function release(event) {
  if (!fingers.delete(event.pointerId)) return;
  beginPinch();
  if (fingers.size) return;
  delete stage.dataset.gripped;
  if (event.type === "pointerup" && grip.isTap) tap(event);
}

function tap(event) {
  const isDouble =
    lastTap !== null &&
    event.timeStamp - lastTap.at < TAP_MS &&
    Math.hypot(event.clientX - lastTap.x, event.clientY - lastTap.y) < 4 * TAP_PX;
  lastTap = isDouble ? null : { at: event.timeStamp, x: event.clientX, y: event.clientY };
  if (mode === "blink") toggle();
  if (isDouble) fit();
}

view.addEventListener("pointerup", release);
view.addEventListener("pointercancel", release);
view.addEventListener("dragstart", (event) => event.preventDefault());

// ---- full screen -----------------------------------------------------------------------------

async function toggleFull() {
  if (document.fullscreenElement === stage) return document.exitFullscreen();
  if (stage.classList.contains("pg-stage-filled")) return fill(false);
  try {
    await stage.requestFullscreen();
  } catch {
    fill(true); // no such thing here, as on some phones: the window is the screen then
  }
}

function fill(isFilled) {
  stage.classList.toggle("pg-stage-filled", isFilled);
  fullChanged();
}

function fullChanged() {
  find("[data-act=full]").setAttribute("aria-pressed", String(isFull()));
  stage.dataset.full = isFull();
  relayout();
}

document.addEventListener("fullscreenchange", fullChanged, { signal: life.signal });

// ---- buttons and keys ------------------------------------------------------------------------

const ACTS = {
  zoom_in: () => zoomTo(camera.zoom * STEP_ZOOM),
  zoom_out: () => zoomTo(camera.zoom / STEP_ZOOM),
  fit,
  pixels: () => zoomTo(1),
  swap,
  full: toggleFull,
  keys: () => (keysDialog.open ? keysDialog.close() : keysDialog.showModal()),
  toggle,
  auto: toggleBlinking,
};
const KEYS = {
  s: () => setMode("side"),
  l: () => setMode("slider"),
  b: () => setMode("blink"),
  f: () => setMode("fade"),
  d: () => setMode("difference"),
  x: ACTS.swap,
  m: ACTS.full,
  p: ACTS.pixels,
  k: () => mode === "blink" && toggleBlinking(),
  "0": ACTS.fit,
  "+": ACTS.zoom_in,
  "=": ACTS.zoom_in,
  "-": ACTS.zoom_out,
  _: ACTS.zoom_out,
  ",": () => nudge(-1),
  ".": () => nudge(1),
  "?": ACTS.keys,
};
// These scroll a page, so they are ours only while the pictures have the focus.
const FOCUSED_KEYS = {
  " ": () => mode === "blink" && toggle(),
  ArrowLeft: (far) => panByKey(1, 0, far),
  ArrowRight: (far) => panByKey(-1, 0, far),
  ArrowUp: (far) => panByKey(0, 1, far),
  ArrowDown: (far) => panByKey(0, -1, far),
  Escape: () => stage.classList.contains("pg-stage-filled") && fill(false),
};
const REPEATING = new Set(["+", "=", "-", "_", ",", ".", ...Object.keys(FOCUSED_KEYS).slice(1)]);

function panByKey(x, y, isFar) {
  if (stage.dataset.canPan !== "true") return false;
  const pane = room.panes[0];
  const share = isFar ? 5 * STEP_PAN : STEP_PAN;
  panBy(x * Math.round(share * pane.width), y * Math.round(share * pane.height));
  return true;
}

function isTyping(target) {
  if (target.isContentEditable || target.closest?.("textarea, select, [role=textbox]")) return true;
  const quiet = ["button", "checkbox", "radio", "range", "reset", "submit", "file", "color"];
  return target.tagName === "INPUT" && !quiet.includes(target.type);
}

function keyName(event) {
  if (event.key.length !== 1 || event.key.charCodeAt(0) < 128) {
    return event.key.length === 1 ? event.key.toLowerCase() : event.key;
  }
  // On a keyboard with other letters, the one at the same place.
  return /^Key[A-Z]$/.test(event.code) ? event.code.at(-1).toLowerCase() : event.key;
}

function press(event, actions) {
  const name = keyName(event);
  const action = Object.hasOwn(actions, name) ? actions[name] : null;
  if (!action || (event.repeat && !REPEATING.has(name))) return;
  if (state !== "ready" && name !== "?" && name !== "Escape") return;
  const isUsed = action(event.shiftKey) !== false;
  if (isUsed) event.preventDefault();
}

function isNotForUs(event) {
  return (
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.isComposing ||
    isTyping(event.target)
  );
}

function isInSight() {
  if (!view.offsetParent && !isFull()) return false;
  const rect = view.getBoundingClientRect();
  const seen = Math.min(rect.bottom, innerHeight) - Math.max(rect.top, 0);
  return seen > Math.min(rect.height, innerHeight) / 3;
}

stage.addEventListener("keydown", (event) => {
  if (isNotForUs(event)) return;
  if (keysDialog.contains(event.target)) {
    if (event.key === "?") press(event, KEYS);
    event.stopPropagation(); // a page below must not act on it either
    return;
  }
  const isOnPictures = event.target === view || event.target === stage;
  press(event, isOnPictures || event.key === "Escape" ? { ...KEYS, ...FOCUSED_KEYS } : KEYS);
});
document.addEventListener(
  "keydown",
  (event) => {
    if (!element.isConnected) return leave();
    if (isNotForUs(event) || stage.contains(event.target) || !areKeysAnywhere()) return;
    if (!isInSight() || document.querySelector("dialog:modal")) return;
    press(event, isFull() ? { ...KEYS, ...FOCUSED_KEYS } : KEYS);
    const isIdle = document.activeElement === document.body;
    if (event.defaultPrevented && isIdle) view.focus({ preventScroll: true });
  },
  { signal: life.signal },
);

function leave() {
  life.abort();
  watcher.disconnect();
  stopBlinking();
}

divider.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
  if (!steps[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  divider.value = Number(divider.value) + steps[event.key] * (event.shiftKey ? 10 : 1);
  schedule();
});
for (const range of [divider, fade]) range.addEventListener("input", schedule);
speed.addEventListener("input", () => {
  if (blinking !== null) startBlinking();
  describe();
});
stage.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.closest(".pg-stage-verdict")) return; // the vote panel's
  const { modeButton, act, direction: way, gain: factor } = button.dataset;
  if (modeButton && modeButton !== mode) setMode(modeButton);
  if (act) ACTS[act]();
  if (way) setDirection(way);
  if (factor) {
    gain = Number(factor);
    describe();
    schedule();
  }
});
captions.forEach((node, side) => {
  node.querySelector("select").addEventListener("change", (event) => choose(side, event.target.value));
});

const anywhere = find(".pg-stage-keys input");

function areKeysAnywhere() {
  return anywhere.checked;
}

anywhere.addEventListener("change", () => {
  try {
    localStorage.setItem(STORED_KEYS, anywhere.checked ? "anywhere" : "focused");
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
});
try {
  anywhere.checked = localStorage.getItem(STORED_KEYS) !== "focused";
} catch {
  anywhere.checked = true;
}

// ---- beginning -------------------------------------------------------------------------------

for (const each of all("[data-text]")) each.textContent = words(each.dataset.text);
for (const each of all("[data-label]")) {
  each.setAttribute("aria-label", words(each.dataset.label));
  if (each.tagName === "BUTTON") each.title = words(each.dataset.label);
}
stage.setAttribute("aria-label", words("region"));
keysDialog.setAttribute("aria-label", words("keys_title"));
find("dialog dl").append(
  ...props.keys.flatMap(([keys, meaning]) => {
    const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
    for (const key of keys) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap);
    }
    detail.textContent = meaning;
    return [term, detail];
  }),
);
stillness.addEventListener(
  "change",
  () => {
    if (stillness.matches) stopBlinking();
    describe();
  },
  { signal: life.signal },
);
const watcher = new ResizeObserver(relayout);
watcher.observe(view);
window.addEventListener("resize", relayout, { signal: life.signal });
watch("value", receive);
receive();

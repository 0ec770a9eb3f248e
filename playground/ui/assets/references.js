// The strip of references. `props.value` is the list in the order that is shown, and so sent.
// Everything here is built from nodes and text: a file's name is never markup.
const { texts, limit, maxBytes, maxBytesWords } = props;
const find = (selector) => element.querySelector(selector);
const tiles = find(".pg-tiles");
const drop = find(".pg-drop");
const picker = find("input[type=file]");
const address = find(".pg-address");
const addressBox = find("input[type=url]");
const problems = find(".pg-problems");
const offers = find(".pg-offers");
const status = find("[role=status]");
const PICTURE = /^image\/(jpeg|png|webp|gif)$/;

let dragged = null; // place of the tile under way
let pending = 0; // files on their way to the server

function words(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const items = () => (Array.isArray(props.value) ? props.value : []);

function set(list) {
  props.value = list;
  draw();
}

// ---- drawing -------------------------------------------------------------------------------

function draw() {
  tiles.replaceChildren(...items().map(tile));
  tiles.hidden = items().length === 0;
  const isFull = items().length >= limit;
  drop.dataset.full = isFull;
  find("[data-pick]").disabled = isFull;
  for (const field of address.elements) field.disabled = isFull;
  element.dataset.count = items().length;
  element.dataset.busy = pending;
}

function tile(item, place) {
  const number = words("numbered", { number: place + 1 });
  const picture = item.thumb
    ? node("img", { src: item.thumb, alt: "" })
    : node("span", { class: "pg-no-thumb", "aria-hidden": "true" }, "↗");
  const made = node(
    "li",
    { class: "pg-tile", draggable: "true", "data-token": item.token, "data-place": place },
    picture,
    node(
      "span",
      { class: "pg-tile-words" },
      node("strong", {}, number),
      node("span", { class: "pg-tile-name", dir: "auto", title: item.name }, item.name),
      node("span", { class: "pg-tile-detail" }, item.detail),
    ),
    node(
      "span",
      { class: "pg-tile-buttons" },
      button("earlier", "←", item, place, place === 0),
      button("later", "→", item, place, place === items().length - 1),
      button("remove", "×", item, place, false),
    ),
  );
  return made;
}

function button(action, sign, item, place, isOff) {
  const label = words(action, { name: `${words("numbered", { number: place + 1 })}, ${item.name}` });
  const made = node(
    "button",
    { type: "button", "data-do": action, "aria-label": label, title: label },
    sign,
  );
  made.disabled = isOff;
  return made;
}

function say(name, values) {
  status.textContent = words(name, values);
}

function complain(message, retry) {
  const line = node("li", {}, node("span", {}, message));
  if (retry) {
    const again = node("button", { type: "button", class: "pg-button" }, words("shrink"));
    again.addEventListener("click", () => {
      line.remove();
      retry();
    });
    line.append(again);
  }
  line.append(dismissal(line));
  problems.append(line);
}

// A picture of ours brings its request along. It stays what it was dropped as until somebody asks.
function offer({ token, words: told }) {
  const line = node("li", {}, node("span", { dir: "auto" }, told));
  const restore = node("button", { type: "button", class: "pg-button" }, words("restore"));
  restore.addEventListener("click", () => {
    offers.replaceChildren();
    trigger("restore", { token });
  });
  line.append(restore, dismissal(line));
  offers.replaceChildren(line);
}

function dismissal(line) {
  const dismiss = node(
    "button",
    { type: "button", class: "pg-link", "aria-label": words("dismiss") },
    "×",
  );
  dismiss.addEventListener("click", () => line.remove());
  return dismiss;
}

// ---- order ---------------------------------------------------------------------------------

function move(from, to) {
  const list = [...items()];
  if (to < 0 || to >= list.length || from === to) return;
  const [item] = list.splice(from, 1);
  list.splice(to, 0, item);
  set(list);
  say("moved", { name: item.name, number: to + 1 });
}

function remove(place) {
  const list = [...items()];
  const [item] = list.splice(place, 1);
  set(list);
  say("removed", { name: item.name });
  focusTile(Math.min(place, list.length - 1), "remove");
}

function focusTile(place, action) {
  const buttons = tiles.children[place]?.querySelectorAll("[data-do]");
  if (!buttons) return find("[data-pick]").focus();
  const wanted = Array.from(buttons).find((each) => each.dataset.do === action && !each.disabled);
  (wanted ?? Array.from(buttons).find((each) => !each.disabled))?.focus();
}

tiles.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-do]");
  if (!pressed) return;
  const place = Number(pressed.closest("li").dataset.place);
  if (pressed.dataset.do === "remove") return remove(place);
  const to = place + (pressed.dataset.do === "earlier" ? -1 : 1);
  move(place, to);
  focusTile(to, pressed.dataset.do);
});

tiles.addEventListener("dragstart", (event) => {
  const from = event.target.closest?.("li");
  if (!from) return;
  dragged = Number(from.dataset.place);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
});
tiles.addEventListener("dragend", () => {
  dragged = null;
  for (const each of tiles.children) each.classList.remove("pg-tile-over");
});
tiles.addEventListener("dragover", (event) => {
  if (dragged === null) return;
  event.preventDefault();
  const over = event.target.closest("li");
  for (const each of tiles.children) each.classList.toggle("pg-tile-over", each === over);
});
tiles.addEventListener("drop", (event) => {
  const over = event.target.closest("li");
  if (dragged === null || !over) return;
  event.preventDefault();
  event.stopPropagation();
  move(dragged, Number(over.dataset.place));
  dragged = null;
});

// ---- adding --------------------------------------------------------------------------------

async function addFiles(files) {
  problems.replaceChildren();
  for (const file of files) {
    if (items().length + pending >= limit) {
      complain(words("too_many", { name: file.name, limit }));
    } else if (!PICTURE.test(file.type)) {
      complain(words("not_image", { name: file.name }));
    } else if (file.size > maxBytes) {
      const size = `${(file.size / 1e6).toFixed(1)} MB`;
      complain(words("too_large", { name: file.name, size, limit: maxBytesWords }));
    } else {
      await addFile(file);
    }
  }
}

async function busy(name, work) {
  pending += 1;
  say("busy", { name });
  draw();
  try {
    return await work();
  } catch {
    complain(words("upload_failed", { name }));
    return null;
  } finally {
    pending -= 1;
    draw();
  }
}

async function addFile(file) {
  const name = file.name || "picture";
  const uploaded = await busy(name, () => upload(file));
  if (uploaded) await keep({ path: uploaded.path, name, shrink: false, visit: visitId() });
}

const visitId = () => window.playground.visitId();

// Dropped beside the form, on what was made: there it can only mean "how was this made?".
async function recall(file) {
  const name = file.name || "picture";
  const answer = await busy(name, async () => {
    const uploaded = await upload(file);
    return server.look_up({ path: uploaded.path, visit: visitId() });
  });
  if (answer?.recalled) trigger("restore", { token: answer.recalled.token });
  else if (answer) complain(words("not_ours", { name }));
}

async function keep(call) {
  const answer = await busy(call.name, () => server.keep_file(call));
  settle(answer, call.name, () => keep({ ...call, shrink: true }));
}

function settle(answer, name, shrink) {
  if (!answer) return;
  if (answer.problem) return complain(answer.problem, answer.canShrink ? shrink : null);
  if (items().length >= limit) return complain(words("too_many", { name, limit }));
  set([...items(), answer.item]);
  say("added", { name, number: items().length });
  if (answer.recalled) offer(answer.recalled);
}

find("[data-open-address]").addEventListener("click", (event) => {
  address.hidden = !address.hidden;
  event.target.setAttribute("aria-expanded", String(!address.hidden));
  if (!address.hidden) addressBox.focus();
});
find("[data-pick]").addEventListener("click", () => picker.click());
picker.addEventListener("change", async () => {
  const files = Array.from(picker.files);
  picker.value = "";
  await addFiles(files);
});

const composer = element.closest("#composer") ?? element;
composer.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  drop.classList.add("pg-drop-over");
});
composer.addEventListener("dragleave", (event) => {
  if (!composer.contains(event.relatedTarget)) drop.classList.remove("pg-drop-over");
});
composer.addEventListener(
  "drop",
  (event) => {
    const files = Array.from(event.dataTransfer?.files ?? []);
    if (!files.length) return;
    event.preventDefault();
    event.stopPropagation();
    drop.classList.remove("pg-drop-over");
    addFiles(files);
  },
  true,
);
// There is a strip on more than one tab, and only the one in sight is meant.
const isInSight = () => element.getClientRects().length > 0;

document.addEventListener("drop", (event) => {
  const [file] = event.dataTransfer?.files ?? [];
  if (!isInSight() || !file || dragged !== null || !event.target.closest?.("#results")) return;
  event.preventDefault();
  problems.replaceChildren();
  recall(file);
});
document.addEventListener("paste", (event) => {
  const files = Array.from(event.clipboardData?.files ?? []);
  // A copied web page brings its text along; then the text is what was meant.
  if (!isInSight() || !files.length || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  addFiles(files);
});

address.addEventListener("submit", async (event) => {
  event.preventDefault();
  problems.replaceChildren();
  const url = addressBox.value;
  const answer = await busy(url, () => server.keep_url({ url, visit: visitId() }));
  if (answer?.item) addressBox.value = "";
  settle(answer, url, null);
});

// ---- beginning -----------------------------------------------------------------------------

for (const each of element.querySelectorAll("[data-text]")) {
  each.textContent = words(each.dataset.text, { limit });
}
find("legend").append(" ", node("small", {}, words("optional", { limit })));
addressBox.setAttribute("aria-label", words("url_label"));
addressBox.placeholder = words("url_placeholder");
tiles.setAttribute("aria-label", words("hint"));
watch("value", draw);
draw();

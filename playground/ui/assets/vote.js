// The vote panel. What is shown comes from `props.value`; what was tapped is kept until it is sent.
const ANSWER_KEYS = { 1: "a_better", 2: "b_better", 3: "tie", 4: "both_bad" };
const ACT_KEYS = { 5: "skip", n: "skip", w: "withdraw", ArrowLeft: "back" };
const ONWARD = new Set(["Enter", "ArrowRight", "1", "2", "3", "4", "5", "n"]);
const CALM_MS = 300; // a key pressed twice by accident must not judge the next pair
const MERGE_MS = 500; // several taps on reasons become one row
const PATIENCE_MS = 10_000;
const ROOMY_PX = 700;
const PADDING_PX = 12;

const texts = props.texts;
const find = (selector) => element.querySelector(selector);
const panel = find(".pg-vote");
const note = find(".pg-vote-note input");
const problem = find(".pg-vote-problem");
const life = new AbortController();

/** The foot of the stage, which votes in full screen where this panel is out of sight. */
function foot() {
  const there = document.querySelector(`#${props.stage} .pg-stage-verdict`);
  if (there && !there.children.length) {
    const line = document.createElement("p");
    line.setAttribute("role", "status");
    const parts = [".pg-vote-answers", "[data-change]", "[data-act=withdraw]", "[data-act=next]"];
    there.append(line, ...parts.map((part) => find(part).cloneNode(true)));
    there.addEventListener("click", pressed);
  }
  return there;
}

/** In the panel, and what stands for it in the foot of the stage. */
function all(selector) {
  const places = [element, foot()].filter(Boolean);
  return places.flatMap((each) => Array.from(each.querySelectorAll(selector)));
}

let value = { state: "none" };
let told = ""; // the value that is drawn, to draw nothing twice
let reasons = new Set();
let isChanging = false;
let sent = 0; // numbers the acts, so that an answer is known from a mere refresh
let busySince = null;
let freshSince = 0;
let merging = null; // timer of words that are not sent yet
let later = null; // what was asked for while an answer was still on its way
let seen = ""; // the pair that was judged here: its pictures were looked at, whatever loads now

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// ---- drawing ---------------------------------------------------------------------------------

function receive() {
  const next = props.value ?? { state: "none" };
  if (next.echo !== undefined && next.echo === sent) busySince = null;
  show(next);
  if (later && !isBusy()) {
    const work = later;
    later = null;
    work();
  }
}

function show(next) {
  const { echo, ...rest } = next;
  const spelled = JSON.stringify(rest);
  if (spelled === told) return describe();
  told = spelled;
  const isSame = next.token === value.token && next.state === value.state;
  const isVoteNew = next.answer !== value.answer || next.isHidden !== value.isHidden;
  const had = panel.contains(document.activeElement) ? document.activeElement : null;
  value = next;
  if (!isSame) {
    clearTimeout(merging); // words not sent yet were about other pictures
    merging = null;
  }
  if (!isSame || isVoteNew) {
    isChanging = false;
    freshSince = performance.now();
  }
  if (!isSame || value.answer) {
    reasons = new Set(value.reasons ?? []);
    if (document.activeElement !== note || !isSame) note.value = value.note ?? "";
  }
  draw();
  keepFocus(had, isSame, isVoteNew);
}

function draw() {
  const isPair = value.state === "pair";
  panel.hidden = value.state === "none";
  panel.dataset.state = value.state;
  panel.dataset.hidden = String(value.isHidden === true);
  panel.dataset.token = value.token ?? "";
  panel.dataset.answer = value.answer ?? "";
  find("h2").hidden = !isPair;
  write(find(".pg-vote-place"), value.place ?? "");
  const line = find(".pg-vote-told");
  write(line, [resultWords(), value.told].filter(Boolean).join(" "));
  line.dataset.counts = isPair ? String(value.counts) : "";
  write(problem, value.problem ?? "");
  problem.hidden = !value.problem;
  find(".pg-vote-answers").hidden = !isPair;
  find(".pg-vote-why").hidden = !isPair;
  const onward = value.isJudging ? "next" : "next_pair";
  for (const words of all("[data-act=next] span")) write(words, texts[onward]);
  for (const button of all("[data-act]")) {
    button.hidden = !(value.acts ?? []).includes(button.dataset.act);
  }
  for (const cap of all("[data-act=next] kbd")) cap.hidden = !value.isJudging;
  for (const button of all("[data-change]")) button.hidden = !value.answer;
  find(".pg-vote-sides").replaceChildren(...(value.sides ?? []).map(side));
  for (const name of ["sizes", "check"]) {
    write(find(`.pg-vote-${name}`), value[name] ?? "");
    find(`.pg-vote-${name}`).hidden = !value[name];
  }
  describe();
}

/** What was said and who is who, in one sentence for those who listen. */
function resultWords() {
  if (!value.sides?.length) return "";
  const names = value.sides.map(({ mark, name }) =>
    texts.who.replace("{mark}", mark).replace("{name}", name),
  );
  const said = value.answer ? [texts.said.replace("{words}", texts[value.answer])] : [];
  return [...said, ...names].join(texts.between);
}

function describe() {
  const isOpen = canAnswer();
  for (const button of all("button[data-answer]")) {
    button.setAttribute("aria-pressed", String(button.dataset.answer === value.answer));
    // Not `disabled`: that would take the focus from under somebody's hand.
    button.setAttribute("aria-disabled", String(!isOpen));
  }
  for (const button of all("[data-change]")) {
    button.setAttribute("aria-pressed", String(isChanging));
  }
  for (const chip of all("[data-reason]")) {
    chip.setAttribute("aria-pressed", String(reasons.has(chip.dataset.reason)));
  }
  describeFoot();
}

/** In full screen the answer itself is out of sight, so the foot says that it was taken. */
function describeFoot() {
  const there = foot();
  if (!there) return;
  there.hidden = value.state !== "pair";
  there.dataset.answered = String(Boolean(value.answer) && !isChanging);
  const taken = value.answer ? texts.recorded.replace("{words}", texts[value.answer]) : texts.title;
  write(there.firstElementChild, problem.hidden ? taken : problem.textContent);
}

function side({ mark, name, facts }) {
  const box = document.createElement("div");
  box.className = "pg-vote-side";
  const badge = document.createElement("span");
  badge.className = "pg-lane-mark";
  badge.textContent = mark;
  const title = document.createElement("strong");
  title.textContent = name;
  const list = document.createElement("dl");
  for (const [term, amount, kind] of facts) {
    const row = document.createElement("div");
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.textContent = term;
    dd.textContent = kind ? `${amount} ${kind}` : amount;
    row.append(dt, dd);
    list.append(row);
  }
  box.append(badge, title, list);
  return box;
}

/** Hands stay where they were: what they were on may be gone. */
function keepFocus(had, isSame, isVoteNew) {
  if (value.state === "none" || !value.isJudging) {
    if (had && !had.offsetParent) panel.focus({ preventScroll: true });
    // Chosen by a key while another verdict had the focus: that one is not what was said.
    else if (had?.dataset.answer && value.answer && isVoteNew) {
      find(`button[data-answer="${value.answer}"]`).focus({ preventScroll: true });
    }
    return;
  }
  const now = document.activeElement;
  // The tab that was pressed to come here keeps the focus until the first verdict.
  const isIdle = now === document.body || panel.contains(now) || (isVoteNew && now.role === "tab");
  if (!isIdle || now === note) return;
  const onward = find("[data-act=next]");
  if (value.answer && isVoteNew && !onward.hidden) onward.focus({ preventScroll: true });
  else if (!isSame || (had && !had.offsetParent)) panel.focus({ preventScroll: true });
}

// ---- acting ----------------------------------------------------------------------------------

const isBusy = () => busySince !== null && performance.now() - busySince < PATIENCE_MS;
const areThere = () =>
  document.querySelector(`#${props.stage} .pg-stage`)?.dataset.state === "ready";
/** Now, or once the answer to what was sent before is here, if the pair is still the same then. */
function soon(work) {
  if (!isBusy()) return work();
  const { token } = value;
  later = () => {
    if (value.token === token) work();
  };
}

const canAnswer = () => value.state === "pair" && (!value.answer || isChanging);

function send(act, more = {}) {
  if (isBusy()) return;
  clearTimeout(merging);
  merging = null;
  busySince = performance.now();
  sent += 1;
  trigger("judge", {
    act,
    token: value.token ?? "",
    echo: sent,
    reasons: Array.from(reasons),
    note: note.value,
    ...more,
  });
}

function answer(name) {
  if (!canAnswer()) return;
  if (isBusy()) {
    // A refresh may show a vote before its own answer comes; a second key by accident is no change.
    if (isChanging) soon(() => answer(name));
    return;
  }
  // After a verdict the stage takes up the pictures with their names; a change need not wait.
  if (seen !== value.token && !areThere()) {
    write(problem, texts.not_loaded);
    problem.hidden = false;
    describeFoot();
    return;
  }
  seen = value.token;
  send("cast", { answer: name });
}

function act(name) {
  if (!(value.acts ?? []).includes(name)) return false;
  if (merging !== null) {
    // Words of the vote before belong to it: they go first, and this after them.
    clearTimeout(merging);
    merging = null;
    send("cast", { answer: value.answer });
    const patience = setInterval(() => {
      if (isBusy()) return;
      clearInterval(patience);
      send(name);
    }, 30);
    return true;
  }
  soon(() => {
    if ((value.acts ?? []).includes(name)) send(name);
  });
  return true;
}

function change() {
  if (!value.answer) return false;
  isChanging = !isChanging;
  describe();
  find(`button[data-answer="${value.answer}"]`).focus({ preventScroll: true });
  return true;
}

/** Words after the vote are sent by themselves; words before it go with it. */
function wordsChanged() {
  describe();
  if (!value.answer) return;
  clearTimeout(merging);
  merging = setTimeout(sendWords, MERGE_MS);
}

function sendWords() {
  merging = null;
  if (!value.answer) return;
  if (isBusy()) merging = setTimeout(sendWords, MERGE_MS);
  else send("cast", { answer: value.answer });
}

element.addEventListener("click", pressed);

function pressed(event) {
  const button = event.target.closest("button");
  if (!button) return;
  const { answer: name, act: step, reason } = button.dataset;
  if (name) answer(name);
  else if (step) act(step);
  else if (reason) {
    if (!reasons.delete(reason)) reasons.add(reason);
    wordsChanged();
  } else if ("change" in button.dataset) change();
}

note.addEventListener("change", wordsChanged);
note.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  panel.focus({ preventScroll: true }); // leaving the field sends what is in it
});

// ---- keys ------------------------------------------------------------------------------------

function isTyping(target) {
  if (target.isContentEditable || target.closest?.("textarea, select, [role=textbox]")) return true;
  const quiet = ["button", "checkbox", "radio", "range", "reset", "submit", "file", "color"];
  return target.tagName === "INPUT" && !quiet.includes(target.type);
}

function isForUs(event) {
  return !(
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.repeat ||
    event.isComposing ||
    isTyping(event.target) ||
    !panel.offsetParent ||
    document.querySelector("dialog:modal, :popover-open")
  );
}

function press(key, target) {
  if (value.isJudging && performance.now() - freshSince < CALM_MS) return key in ANSWER_KEYS;
  // Without a verdict, as after a withdrawal, the verdicts' keys still mean verdicts.
  const leadsOn = value.answer ? ONWARD.has(key) : key === "Enter" || key === "ArrowRight";
  if (value.isJudging && !value.isHidden && !isChanging && leadsOn) {
    // A button under the focus is meant by Enter, whatever it is.
    if (key === "Enter" && target.closest?.("button, a, summary")) return false;
    return act("next");
  }
  if (key in ANSWER_KEYS) {
    if (!canAnswer()) return false;
    answer(ANSWER_KEYS[key]);
    return true;
  }
  if (key === "c") return change();
  return key in ACT_KEYS ? act(ACT_KEYS[key]) : false;
}

document.addEventListener(
  "keydown",
  (event) => {
    if (!element.isConnected) return life.abort();
    if (!isForUs(event)) return;
    // The digit under a shifted row of another layout counts as well.
    const digit = /^(?:Digit|Numpad)[1-5]$/.test(event.code) && !event.shiftKey ? event.code.at(-1) : null;
    const key = digit ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (press(key, event.target)) event.preventDefault();
  },
  { signal: life.signal },
);

// ---- the part that stays in sight --------------------------------------------------------------

/** Below the verdicts, and where there is room below the reasons, the panel may leave the window. */
function measure() {
  const isRoomy = panel.clientWidth >= ROOMY_PX;
  const kept = isRoomy ? [".pg-vote-why"] : [".pg-vote-answers", ".pg-vote-acts"];
  const bottoms = kept.map((part) => find(part).getBoundingClientRect().bottom);
  const rest = panel.getBoundingClientRect().bottom - Math.max(...bottoms) - PADDING_PX;
  element.closest(".block").style.setProperty("--pg-vote-rest", `${Math.max(0, rest)}px`);
}

const watcher = new ResizeObserver(() => {
  if (!element.isConnected) return watcher.disconnect();
  measure();
});
watcher.observe(panel);

// ---- beginning -------------------------------------------------------------------------------

for (const each of all("[data-text]")) each.textContent = texts[each.dataset.text];
for (const each of all("[data-label]")) each.setAttribute("aria-label", texts[each.dataset.label]);
panel.setAttribute("aria-label", texts.region);
note.placeholder = texts.note_hint;
note.maxLength = props.noteLimit;
find(".pg-vote-reasons").append(
  ...props.reasons.map((reason) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "pg-chip-toggle";
    chip.dataset.reason = reason;
    chip.setAttribute("aria-pressed", "false");
    chip.textContent = texts[`reason_${reason}`];
    return chip;
  }),
);
watch("value", receive);
receive();

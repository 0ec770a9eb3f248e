// What belongs to the page and to no widget: who is visiting, its address, clocks, keys, copying.
(() => {
  "use strict";

  const TICK_MS = 100;
  const COPIED_MS = 1600;
  const VISIT = "playground-visit";
  const PLACE = "comparison";
  const VOTER = "playground-voter";

  // ---- who is visiting: one tab and its reloads, no longer -----------------------------------

  function newVisitId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function visitId() {
    try {
      const known = sessionStorage.getItem(VISIT);
      if (known) return known;
      const fresh = newVisitId();
      sessionStorage.setItem(VISIT, fresh);
      return fresh;
    } catch {
      return newVisitId(); // storage is switched off: a reload is then another visit
    }
  }

  // ---- who judges: one browser, a random name that says nothing about anybody -----------------

  function newVoterId() {
    const bytes = crypto.getRandomValues(new Uint8Array(10));
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `voter_${digits}`;
  }

  function voterId() {
    try {
      const known = localStorage.getItem(VOTER);
      if (/^voter_[0-9a-f]{20}$/.test(known)) return known;
      const fresh = newVoterId();
      localStorage.setItem(VOTER, fresh);
      return fresh;
    } catch {
      return ""; // storage is switched off: the server gives the visit a name
    }
  }

  // ---- whose runs these are, where strangers come: a secret that only this browser keeps --------

  const OWNER = "playground-owner";
  let owner = ""; // without storage it lasts as long as the page

  function newOwnerToken() {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function ownerToken() {
    if (!document.querySelector('meta[name="playground-public"]')) return "";
    try {
      const known = localStorage.getItem(OWNER);
      if (/^[0-9a-f]{32,64}$/.test(known)) return known;
      owner ||= newOwnerToken();
      localStorage.setItem(OWNER, owner);
    } catch {
      owner ||= newOwnerToken();
    }
    return owner;
  }

  // ---- which comparison the address names ----------------------------------------------------

  function comparisonId() {
    return new URLSearchParams(location.search).get(PLACE) ?? "";
  }

  function setComparison(id) {
    const address = new URL(location.href);
    if (id === comparisonId()) return;
    if (id) address.searchParams.set(PLACE, id);
    else address.searchParams.delete(PLACE);
    history.replaceState(history.state, "", address.href);
  }

  // ---- which experiment the address names ----------------------------------------------------

  const EXPERIMENT = "experiment";

  function experimentId() {
    return new URLSearchParams(location.search).get(EXPERIMENT) ?? "";
  }

  function setExperiment(id) {
    if (id === experimentId()) return;
    const address = new URL(location.href);
    if (id) address.searchParams.set(EXPERIMENT, id);
    else address.searchParams.delete(EXPERIMENT);
    history.replaceState(history.state, "", address.href);
  }

  function showExperiment(id) {
    setExperiment(id);
    const tab = tabs().find((each) => each.dataset.tabId === EXPERIMENT);
    if (tab?.getAttribute("aria-selected") !== "true") return showTab(EXPERIMENT);
    document.dispatchEvent(new CustomEvent("pg-experiment", { detail: id }));
  }

  // ---- which tab the address names; the first one needs no name ------------------------------

  const TAB = "tab";
  const tabs = () => Array.from(document.querySelectorAll("#tabs [role=tab][data-tab-id]"));
  let isPlaced = false;

  function showTab(name) {
    const tab = tabs().find((each) => each.dataset.tabId === name);
    if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
  }

  function placeTab() {
    // The cards are there once the server knows who is visiting.
    if (isPlaced || tabs().length === 0 || !document.querySelector(".pg-card")) return;
    isPlaced = true;
    const name = new URLSearchParams(location.search).get(TAB);
    if (name) showTab(name);
  }

  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("#tabs [role=tab][data-tab-id]");
    if (!tab) return;
    const address = new URL(location.href);
    if (tab === tabs()[0]) address.searchParams.delete(TAB);
    else address.searchParams.set(TAB, tab.dataset.tabId);
    history.replaceState(history.state, "", address.href);
  });

  // ---- clocks: the server says how long it has been, the browser goes on counting ------------

  const begun = new WeakMap();

  function words(seconds) {
    const { texts } = window.playgroundLanguage;
    if (Math.round(seconds * 10) / 10 < 60) {
      return texts.seconds.replace("{seconds}", seconds.toFixed(1));
    }
    const whole = Math.round(seconds);
    return texts.minutes
      .replace("{minutes}", String(Math.floor(whole / 60)))
      .replace("{seconds}", String(whole % 60).padStart(2, "0"));
  }

  function tick() {
    const now = performance.now();
    for (const clock of document.querySelectorAll("[data-elapsed-s]")) {
      const told = clock.dataset.elapsedS;
      let start = begun.get(clock);
      if (!start || start.told !== told) {
        start = { told, at: now - Number(told) * 1000 };
        begun.set(clock, start);
      }
      const text = words((now - start.at) / 1000);
      if (clock.textContent !== text) clock.textContent = text;
    }
  }

  setInterval(tick, TICK_MS);

  // ---- Ctrl/⌘ + Enter runs; nothing else on the keyboard spends -------------------------------

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      if (event.repeat || event.isComposing) return;
      if (!event.target.closest?.("#composer")) return;
      event.preventDefault();
      event.stopPropagation();
      const run = document.querySelector("#run");
      // A turn later, so that the last letter typed has reached the form.
      if (run && !run.disabled) setTimeout(() => run.click());
    },
    true,
  );

  // ---- from the form to what is asked about its result ------------------------------------------

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-skip]")) return;
    const verdict = document.querySelector("#vote .pg-vote:not([hidden]) button[data-answer]");
    const results = document.querySelector("#results");
    results.tabIndex = -1;
    (verdict?.offsetParent ? verdict : results).focus();
  });

  // ---- copying -------------------------------------------------------------------------------

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without https there is no clipboard; a selection still can be copied.
      const box = document.createElement("textarea");
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    const before = button.textContent;
    button.textContent = button.dataset.copied;
    button.setAttribute("aria-live", "polite");
    setTimeout(() => (button.textContent = before), COPIED_MS);
  });

  // ---- what stays in sight below the line on top has to know its height ----------------------

  const barHeight = new ResizeObserver(([bar]) => {
    const height = `${Math.ceil(bar.target.offsetHeight)}px`;
    document.documentElement.style.setProperty("--pg-bar-height", height);
  });

  // ---- the key box opens over the page -------------------------------------------------------

  function meetWidgets() {
    placeTab();
    // The framework's own button, which knows one language.
    const more = document.querySelector("#tabs .overflow-menu > button");
    const label = window.playgroundLanguage.texts.more_tabs;
    if (more && more.getAttribute("aria-label") !== label) more.setAttribute("aria-label", label);
    const bar = document.querySelector("#header");
    if (bar && !bar.dataset.measured) {
      bar.dataset.measured = "yes";
      barHeight.observe(bar);
    }
    const panel = document.querySelector("#key-panel");
    if (panel && !panel.hasAttribute("popover")) {
      panel.setAttribute("popover", "auto");
      panel.setAttribute("role", "dialog");
      panel.setAttribute("aria-labelledby", "key-title");
      panel.addEventListener("toggle", (event) => {
        if (event.newState === "open") panel.querySelector("#key input")?.focus();
      });
    }
  }

  new MutationObserver(meetWidgets).observe(document, { childList: true, subtree: true });

  // ---- a picture dropped beside the strip must not replace the page ---------------------------

  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }

  window.playground = Object.freeze({
    visitId, voterId, ownerToken, comparisonId, setComparison, showTab, experimentId, setExperiment, showExperiment,
  });
})();

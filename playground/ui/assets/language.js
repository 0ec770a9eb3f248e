// Before anything is drawn: a choice made earlier beats what the browser wishes for.
(() => {
  "use strict";

  const LANGUAGE = "playground-language";
  const PARAMETER = "lang";
  const spoken = document.documentElement.lang;
  const texts = Object.freeze(JSON.parse(document.currentScript.dataset.texts));

  function remembered() {
    try {
      return localStorage.getItem(LANGUAGE);
    } catch {
      return null; // storage is switched off: the address remembers
    }
  }

  function turnTo(language) {
    const address = new URL(location.href);
    address.searchParams.set(PARAMETER, language);
    location.replace(address.href);
  }

  // ---- the switch in the line on top; the page turns once the server has kept what was typed ----

  let wanted = spoken;

  document.addEventListener(
    "click",
    (event) => {
      wanted = event.target.closest?.("[data-language]")?.dataset.language ?? wanted;
    },
    true,
  );

  function turn() {
    try {
      localStorage.setItem(LANGUAGE, wanted);
    } catch {
      // the address is enough
    }
    turnTo(wanted);
  }

  const isAsked = new URLSearchParams(location.search).has(PARAMETER);
  const choice = remembered();
  if (!isAsked && choice && choice !== spoken) turnTo(choice);

  // The framework words its own few texts after the browser.
  const own = { language: spoken, languages: [spoken] };
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(navigator, name, { configurable: true, get: () => value });
  }

  window.playgroundLanguage = Object.freeze({ spoken, texts, turn });
})();

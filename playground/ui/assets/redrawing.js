// What parts of a screen share that are drawn anew on every change: focus and open folds outlive
// it, news is announced, and the way into one thing and back leads to where one was.
(() => {
  "use strict";

  /**
   * Focus (by `data-key`) and folds (by `data-keep`; `open` names those that begin open). Call what
   * it returns after each drawing.
   */
  function outlive(element, open = []) {
    let focusKey = null;
    let isOpen = {};
    element.addEventListener("focusin", (event) => {
      focusKey = event.target.closest("[data-key]")?.dataset.key ?? null;
    });
    element.addEventListener("focusout", (event) => {
      // What is drawn anew or switched off loses the focus; what is left by somebody is still there.
      const { target, relatedTarget } = event;
      if (element.contains(relatedTarget)) return;
      setTimeout(() => {
        const isLeft = target.isConnected && !target.disabled && document.activeElement !== target;
        if (isLeft) focusKey = null;
      });
    });
    element.addEventListener(
      "toggle",
      (event) => {
        const { keep } = event.target.dataset;
        if (keep) isOpen = { ...isOpen, [keep]: event.target.open };
      },
      true,
    );
    return function restore() {
      for (const each of element.querySelectorAll("[data-keep]")) {
        each.open = isOpen[each.dataset.keep] ?? open.includes(each.dataset.keep);
      }
      const isLost = document.activeElement === document.body || document.activeElement === null;
      if (focusKey === null || !isLost) return;
      const keys = Array.from(element.querySelectorAll("[data-key]"));
      keys.find((each) => each.dataset.key === focusKey)?.focus({ preventScroll: true });
    };
  }

  /** Says what is new in a region that is never drawn anew: only changes inside one are heard. */
  function announcer(screenSelector) {
    let said = "";
    return function announce(news) {
      const screen = document.querySelector(screenSelector);
      if (news === said || !screen) return;
      said = news;
      let region = screen.querySelector(":scope > [role=status]");
      if (!region) {
        region = document.createElement("p");
        region.className = "pg-hidden";
        region.setAttribute("role", "status");
        screen.append(region);
      }
      if (news) region.textContent = news;
    };
  }

  /** Turns a screen to one thing, or back to the list (""), to the place and the focus one left. */
  function turner(name) {
    let opener = null;
    let scrolled = 0;
    return function turnTo(id) {
      const screen = document.querySelector(`#${name}`);
      if (!screen || screen.dataset.shown === id) return;
      const before = screen.dataset.shown ?? "";
      if (!before && id) {
        opener = document.activeElement?.dataset?.key ?? `open ${id}`;
        scrolled = scrollY;
      }
      screen.dataset.shown = id;
      if (id) {
        scrollTo({ top: 0 });
        document.querySelector(`#${name}-head [data-heading]`)?.focus({ preventScroll: true });
      } else if (before) {
        scrollTo({ top: scrolled });
        const items = Array.from(document.querySelectorAll(`#${name}-list [data-key]`));
        items.find((each) => each.dataset.key === opener)?.focus({ preventScroll: true });
      }
    };
  }

  /** A file that was made while somebody waited is fetched once. */
  function fetchReady(element) {
    const ready = element.querySelector("[data-ready]");
    if (!ready || ready.dataset.fetched) return;
    ready.dataset.fetched = "yes";
    ready.click();
  }

  window.redrawing = Object.freeze({ outlive, announcer, turner, fetchReady });
})();

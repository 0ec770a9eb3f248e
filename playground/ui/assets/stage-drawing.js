// Laying the stage out and drawing it, once a frame at most. Follows `stage.js`.
const PIXELATED_ZOOM = 4;
const HEIGHT_SHARE = 0.78; // of the window

function relayout() {
  isMeasured = false;
  schedule();
}

function schedule() {
  frame ??= requestAnimationFrame(render);
}

function isFull() {
  return document.fullscreenElement === stage || stage.classList.contains("pg-stage-filled");
}

function setHeight(box) {
  // Where the rest of a screen must stay in sight too, it says how much height that takes.
  const isShared = props.spare_px && innerWidth > 640;
  const limit = isShared ? innerHeight - props.spare_px : innerHeight * HEIGHT_SHARE;
  const wanted = wantedHeight(view.clientWidth, box, { mode, direction }, limit);
  // The room and its caption are laid on the grid below, which takes up to one unit of each.
  view.style.height = `${wanted + 2 * unitOf(devicePixelRatio).css}px`;
}

/** Sizes panes and captions; false while there is no room, as in a tab that is not open. */
function measure() {
  const unit = unitOf(devicePixelRatio);
  const scale = unit.device / unit.css;
  const box = commonBox(images.map(sizeOf));
  if (isFull()) view.style.height = "";
  else setHeight(box);
  const { clientWidth, clientHeight } = view;
  if (!clientWidth || !clientHeight) return false;
  const length = (px) => Math.floor(px / unit.css) * unit.device;
  const whole = { width: length(clientWidth - unit.css), height: length(clientHeight - unit.css) };
  const within = (captionPx) =>
    arranged(whole, {
      mode,
      direction,
      box,
      isNarrow: clientWidth < NARROW_PX || (isFull() && clientHeight > clientWidth),
      caption: length(captionPx + unit.css),
      gap: length(GAP_PX + unit.css),
      grid: unit.device,
    });
  let layout = within(CAPTION_PX);
  const isTight = layout.captions[0].width < TIGHT_PX * scale;
  if (isTight) layout = within(TIGHT_CAPTION_PX);
  stage.dataset.tight = isTight;
  room = { ...layout, scale, box, grid: unit.device };
  const place = (node, rect) => {
    const css = { left: rect.x, top: rect.y, width: rect.width, height: rect.height };
    for (const [name, px] of Object.entries(css)) node.style[name] = `${px / scale}px`;
  };
  layout.panes.forEach((pane, side) => place(panes[side], pane));
  layout.captions.forEach((rect, side) => place(captions[side], rect));
  place(canvasPane, layout.panes[0]);
  place(ground, layout.panes[0]);
  place(line, layout.panes[0]);
  placeDivider(layout.panes[0], scale);
  stage.dataset.mirrored = layout.isMirrored;
  return true;
}

/** The range reaches half a thumb beyond the pane, so that its middle is where the line is. */
function placeDivider(pane, scale) {
  const thumb = parseFloat(getComputedStyle(divider).getPropertyValue("--thumb"));
  const [x, y, width, height] = [pane.x, pane.y, pane.width, pane.height].map((px) => px / scale);
  const isVertical = direction === "vertical";
  const css = isVertical
    ? { left: x - thumb / 2, top: y, width: width + thumb, height }
    : { left: x, top: y - thumb / 2, width, height: height + thumb };
  for (const [name, px] of Object.entries(css)) divider.style[name] = `${px}px`;
  divider.style.setProperty("--across", `${isVertical ? height : width}px`);
  divider.hidden = mode !== "slider" || state !== "ready";
}

/** How far on the next line of the grid is: the page may begin between two device pixels. */
function toGrid(px) {
  const { scale, grid } = room;
  return (Math.ceil((px * scale) / grid - 0.01) * grid) / scale - px;
}

function render() {
  frame = null;
  if (state !== "ready") {
    divider.hidden = true;
    return;
  }
  if (!isMeasured && !(isMeasured = measure())) return stopBlinking();
  const { scale, box } = room;
  const pane = room.panes[0];
  const rect = view.getBoundingClientRect();
  const [left, top] = [toGrid(rect.left), toGrid(rect.top)];
  room.left = rect.left + left;
  room.top = rect.top + top;
  camera = held(camera, box, pane);
  const start = origin(camera, pane);
  floor.style.left = `${left}px`;
  floor.style.top = `${top}px`;
  images.forEach((image) => project(image, sizeOf(image), start));
  if (mode === "difference") {
    project(canvas, sizeOf(images[0]), start);
    showDifference();
  }
  cover(pane);
  const canPan = box.width * camera.zoom > pane.width || box.height * camera.zoom > pane.height;
  stage.dataset.canPan = canPan;
  stage.dataset.fit = camera.isFit;
  stage.dataset.zoom = camera.zoom;
  describeShares();
}

function project(node, size, start) {
  const { scale, box } = room;
  const within = contain(box, size);
  const x = (start.x + within.x * camera.zoom) / scale;
  const y = (start.y + within.y * camera.zoom) / scale;
  const factor = (camera.zoom * within.scale) / scale;
  node.style.width = `${size.width}px`;
  node.style.height = `${size.height}px`;
  node.style.transform = `translate(${x}px, ${y}px) scale(${factor})`;
  node.style.imageRendering = camera.zoom >= PIXELATED_ZOOM ? "pixelated" : "auto";
}

/** What of each picture is seen in the modes that lay one over the other. */
function cover(pane) {
  const { scale } = room;
  const isVertical = direction === "vertical";
  const length = isVertical ? pane.width : pane.height;
  const cut = Math.round((Number(divider.value) / 100) * length);
  const inset = (before, after) => {
    const [from, to] = [before / scale, after / scale].map((px) => `${px}px`);
    return isVertical ? `inset(0 ${to} 0 ${from})` : `inset(${from} 0 ${to} 0)`;
  };
  const clips = mode === "slider" ? [inset(0, length - cut), inset(cut, 0)] : ["", ""];
  const share = Number(fade.value) / 100;
  // Pictures of one size cover each other; others must add up, or the larger would stay behind.
  const opacities = { fade: [areEqual() ? 1 : 1 - share, share] }[mode] ?? [1, 1];
  panes.forEach((node, side) => {
    node.style.clipPath = clips[side];
    node.style.opacity = opacities[side];
    node.style.visibility = isSeen(side) ? "" : "hidden";
    node.style.mixBlendMode = mode === "fade" && side === 1 && !areEqual() ? "plus-lighter" : "";
  });
  line.style.setProperty("--cut", `${cut / scale}px`);
}

function isSeen(side) {
  if (mode === "difference") return false;
  return mode !== "blink" || (side === 1) === isSecondShown;
}

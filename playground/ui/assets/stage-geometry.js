// Where a picture lies, as plain arithmetic. All lengths on the screen are whole device pixels, so
// that both sides meet the same grid; a zoom of 1 shows one pixel of the common box on one of them.
const MAX_ZOOM = 32;
const GAP_PX = 12; // in the units of the style sheet, as the next ones
const NARROW_PX = 560;
const MIN_HEIGHT_PX = 180;
const CAPTION_PX = 34;
const TIGHT_CAPTION_PX = 52; // two lines
const TIGHT_PX = 300;
const MAX_UNIT_PX = 16;

/** The smallest box that holds both; at least one of them fills it without being enlarged. */
function commonBox(sizes) {
  return {
    width: Math.max(...sizes.map((size) => size.width)),
    height: Math.max(...sizes.map((size) => size.height)),
  };
}

/** A whole picture in the middle of the box, in pixels of the box; never stretched. */
function contain(box, size) {
  const scale = Math.min(box.width / size.width, box.height / size.height);
  const middle = (outer, inner) => {
    const rest = (outer - inner * scale) / 2;
    return scale === 1 ? Math.floor(rest) : rest; // half a pixel would blur it at 1:1
  };
  return { scale, x: middle(box.width, size.width), y: middle(box.height, size.height) };
}

function fitZoom(box, pane) {
  return Math.min(pane.width / box.width, pane.height / box.height);
}

function minZoom(box, pane) {
  return Math.min(1, fitZoom(box, pane));
}

/** The camera that may be: in its limits, and no emptiness where there could be picture. */
function held(camera, box, pane) {
  const fit = fitZoom(box, pane);
  const zoom = camera.isFit ? fit : limited(camera.zoom, minZoom(box, pane), Math.max(MAX_ZOOM, fit));
  const along = (centre, length, room) => {
    const half = room / 2 / zoom;
    return length <= 2 * half ? length / 2 : limited(centre, half, length - half);
  };
  return {
    isFit: camera.isFit,
    zoom,
    x: along(camera.x, box.width, pane.width),
    y: along(camera.y, box.height, pane.height),
  };
}

function limited(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** The camera after zooming so that what lies at `point` of the pane stays there. */
function zoomedAt(camera, zoom, point, box, pane) {
  const wanted = limited(zoom, minZoom(box, pane), MAX_ZOOM);
  const stays = (centre, at, length) => centre + (at - length / 2) * (1 / camera.zoom - 1 / wanted);
  return {
    isFit: wanted === fitZoom(box, pane),
    zoom: wanted,
    x: stays(camera.x, point.x, pane.width),
    y: stays(camera.y, point.y, pane.height),
  };
}

function panned(camera, dx, dy) {
  return { ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom };
}

/** Where the box begins in the pane: on a whole device pixel. */
function origin(camera, pane) {
  return {
    x: Math.round(pane.width / 2 - camera.x * camera.zoom),
    y: Math.round(pane.height / 2 - camera.y * camera.zoom),
  };
}

/**
 * The least lengths that are whole in both measures: `css` of the style sheet are `device` pixels.
 * Only at multiples of them does every browser put a box exactly where it is told.
 */
function unitOf(pixelRatio) {
  for (let css = 1; css <= MAX_UNIT_PX; css += 1) {
    const device = Math.round(css * pixelRatio);
    if (device && Math.abs(css * pixelRatio - device) < 1e-3) return { css, device };
  }
  return { css: 1 / pixelRatio, device: 1 };
}

/** Panes and captions for a room of device pixels, all on a grid; every length is one of it. */
function arranged({ width, height }, { mode, direction, box, isNarrow, caption, gap, grid }) {
  const onGrid = (length) => Math.max(grid, Math.floor(length / grid) * grid);
  const rect = (x, y, w, h) => ({ x, y, width: Math.max(grid, w), height: Math.max(grid, h) });
  if (mode !== "side") {
    const half = onGrid((width - gap) / 2);
    if (mode === "slider" && direction === "horizontal") {
      const pane = rect(0, caption, width, height - 2 * caption);
      const below = rect(0, height - caption, width, caption);
      return { panes: [pane, pane], captions: [rect(0, 0, width, caption), below], isMirrored: false };
    }
    const pane = rect(0, caption, width, height - caption);
    const captions = [rect(0, 0, half, caption), rect(width - half, 0, half, caption)];
    return { panes: [pane, pane], captions, isMirrored: true };
  }
  const wide = onGrid((width - gap) / 2);
  const tall = onGrid((height - 2 * caption - gap) / 2);
  const across = rect(0, caption, wide, height - caption);
  const down = rect(0, caption, width, tall);
  if (isNarrow && fitZoom(box, down) > fitZoom(box, across)) {
    const second = caption + tall + gap;
    return {
      panes: [down, rect(0, second + caption, width, tall)],
      captions: [rect(0, 0, width, caption), rect(0, second, width, caption)],
      isMirrored: false,
    };
  }
  const second = wide + gap;
  return {
    panes: [across, rect(second, caption, wide, height - caption)],
    captions: [rect(0, 0, wide, caption), rect(second, 0, wide, caption)],
    isMirrored: false,
  };
}

function captionHeight(width) {
  return width < TIGHT_PX ? TIGHT_CAPTION_PX : CAPTION_PX;
}

/** The height, in units of the style sheet, in which the pictures leave nothing empty, up to `limit`. */
function wantedHeight(width, box, { mode, direction }, limit) {
  const ratio = box.height / box.width;
  const half = (width - GAP_PX) / 2;
  const most = Math.max(MIN_HEIGHT_PX, limit);
  const fitted = (height) => Math.round(limited(height, MIN_HEIGHT_PX, most));
  if (mode === "slider" && direction === "horizontal") {
    return fitted(width * ratio + 2 * captionHeight(width));
  }
  if (mode !== "side") return fitted(width * ratio + captionHeight(half));
  const beside = half * ratio + captionHeight(half);
  if (width >= NARROW_PX) return fitted(beside);
  // As `arranged` decides: over each other where that shows them larger.
  const around = 2 * captionHeight(width) + GAP_PX;
  const over = 2 * width * ratio + around;
  const besideTall = Math.min(beside, most) - captionHeight(half);
  const overTall = (Math.min(over, most) - around) / 2;
  return fitted(overTall > besideTall ? over : beside);
}

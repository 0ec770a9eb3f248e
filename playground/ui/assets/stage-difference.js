// The difference of two pictures of one size, pixel by pixel, from the files as they are.
const BAND_ROWS = 128;
const BUSY_MS = 10; // then the page gets its turn

/** A canvas of rows of a picture, over white where the picture is transparent. */
function rowReader(image, width) {
  const sheet = document.createElement("canvas");
  sheet.width = width;
  sheet.height = BAND_ROWS;
  const brush = sheet.getContext("2d", { willReadFrequently: true });
  return (top, rows) => {
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, width, rows);
    brush.drawImage(image, 0, top, width, rows, 0, 0, width, rows);
    return brush.getImageData(0, 0, width, rows).data;
  };
}

/**
 * Draws |a − b| × gain into `canvas`.
 *
 * Returns how many pixels differ and the largest difference of a channel, of 255; null when
 * `isWanted` turned false on the way. Throws when the pictures may not be read.
 */
async function drawDifference(canvas, images, { width, height }, gain, isWanted) {
  const bitmaps = await Promise.all(images.map((image) => createImageBitmap(image)));
  try {
    const [readA, readB] = bitmaps.map((bitmap) => rowReader(bitmap, width));
    const sheet = document.createElement("canvas");
    sheet.width = width;
    sheet.height = height;
    const brush = sheet.getContext("2d");
    let differing = 0;
    let largest = 0;
    let began = performance.now();
    for (let top = 0; top < height; top += BAND_ROWS) {
      const rows = Math.min(BAND_ROWS, height - top);
      const band = brush.createImageData(width, rows);
      const [a, b, out] = [readA(top, rows), readB(top, rows), band.data];
      for (let i = 0; i < out.length; i += 4) {
        const red = Math.abs(a[i] - b[i]);
        const green = Math.abs(a[i + 1] - b[i + 1]);
        const blue = Math.abs(a[i + 2] - b[i + 2]);
        out[i] = red * gain; // such arrays keep to 255 by themselves
        out[i + 1] = green * gain;
        out[i + 2] = blue * gain;
        out[i + 3] = 255;
        const most = Math.max(red, green, blue);
        if (most) differing += 1;
        if (most > largest) largest = most;
      }
      brush.putImageData(band, 0, top);
      if (performance.now() - began > BUSY_MS) {
        await new Promise(requestAnimationFrame);
        began = performance.now();
      }
      if (!isWanted()) return null;
    }
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(sheet, 0, 0);
    return { differing, largest, total: width * height };
  } finally {
    for (const bitmap of bitmaps) bitmap.close();
  }
}

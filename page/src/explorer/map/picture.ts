import { look } from "./scene";
import { FONT, type Label } from "./labels";
import { onCanvas, view, type Camera, type Points, type Size } from "./points";

export interface Colours {
  paper: string;
  ink: string;
  point: string;
  accent: string;
}

/** What is in view as an SVG picture: its points as one path, and the labels. */
export function svg(points: Points, labels: readonly Label[], marked: ReadonlySet<number>, camera: Camera, size: Size, colours: Colours): string {
  const { width, height } = size;
  const dots = points.within(view(camera, size)).map((row) => {
    const [x, y] = onCanvas(camera, size, points.x(row), points.y(row));
    return `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
  });
  const { size: dot, alpha } = look(points, camera, size);
  const texts = labels.map(
    ({ row, text, x, y }) =>
      `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${marked.has(row) ? ` fill="${colours.accent}" font-weight="700"` : ""}>${escaped(text)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="${colours.paper}"/>`,
    `<path d="${dots.join("")}" stroke="${colours.point}" stroke-opacity="${alpha.toFixed(2)}" stroke-width="${dot.toFixed(2)}" stroke-linecap="round"/>`,
    `<g style='font:${FONT}' text-anchor="middle" fill="${colours.ink}" stroke="${colours.paper}" stroke-width="3" paint-order="stroke">`,
    ...texts,
    "</g></svg>",
  ].join("\n");
}

/** The given canvases, one above the other, as a PNG picture. */
export function png(layers: readonly HTMLCanvasElement[], paper: string): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [layers[0]!.width, layers[0]!.height];
  const context = canvas.getContext("2d")!;
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) context.drawImage(layer, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "");
}

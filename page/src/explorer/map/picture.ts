import { look, type Tints } from "./scene";
import { FONT, HEADING_FONT, type Heading, type Label } from "./labels";
import { onCanvas, view, type Camera, type Points, type Size } from "./points";

export interface Colours {
  paper: string;
  ink: string;
  point: string;
  accent: string;
}

export const [CONTOUR_FILL, CONTOUR_LINE] = [0.07, 0.6]; // opacity

/** What is in view as an SVG picture: its points as a path for each of their colours, and the texts. */
export function svg(points: Points, labels: readonly Label[], headings: readonly Heading[], marked: ReadonlySet<number>, camera: Camera, size: Size, colours: Colours, tints: Tints | null, contours: readonly string[]): string {
  const { width, height } = size;
  const { size: dot, alpha } = look(points, camera, size);
  const dots = new Map<string, string[]>();
  for (const row of points.within(view(camera, size))) {
    const [x, y] = onCanvas(camera, size, points.x(row), points.y(row));
    const [red, green, blue, share] = tints?.subarray(4 * row, 4 * row + 4) ?? [];
    const stroke = tints ? `rgb(${red} ${green} ${blue})` : colours.point;
    const look = `stroke="${stroke}" stroke-opacity="${(alpha * ((share ?? 255) / 255)).toFixed(2)}"`;
    if (!dots.has(look)) dots.set(look, []);
    dots.get(look)!.push(`M${x.toFixed(1)} ${y.toFixed(1)}h0`);
  }
  const texts = labels.map(
    ({ row, text, x, y }) =>
      `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${marked.has(row) ? ` fill="${colours.accent}" font-weight="700"` : ""}>${escaped(text)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="${colours.paper}"/>`,
    ...[...dots].map(([look, path]) => `<path d="${path.join("")}" ${look} stroke-width="${dot.toFixed(2)}" stroke-linecap="round"/>`),
    ...contours.map(
      (path) =>
        `<path d="${path}" fill="${colours.point}" fill-opacity="${CONTOUR_FILL}" fill-rule="evenodd" stroke="${colours.point}" stroke-opacity="${CONTOUR_LINE}"/>`,
    ),
    `<g style='font:${FONT}' text-anchor="middle" fill="${colours.ink}" stroke="${colours.paper}" stroke-width="3" paint-order="stroke">`,
    ...texts,
    ...headings.map(
      ({ text, x, y, colour }) =>
        `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" style='font:${HEADING_FONT}' fill="${colour}">${escaped(text)}</text>`,
    ),
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

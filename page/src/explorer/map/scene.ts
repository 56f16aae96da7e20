import { view, type Box, type Camera, type Points, type Size } from "./points";

const VERTEX = `#version 300 es
in vec2 position;
in vec4 tint;
uniform vec2 centre, scale;
uniform float size, words;
out float strength, wide;
out vec3 colour;
void main() {
  float rarity = float(gl_VertexID) / words;
  gl_Position = vec4((position - centre) * scale, 0.0, 1.0);
  gl_PointSize = size * mix(1.6, 0.8, sqrt(rarity));
  wide = gl_PointSize;
  strength = tint.a * mix(1.0, 0.6, sqrt(rarity));
  colour = tint.rgb;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in float strength, wide;
in vec3 colour;
uniform float alpha;
out vec4 shade;
void main() {
  float opacity = alpha * strength;
  if (wide > 3.0) { // round, with an edge of one pixel
    opacity *= clamp((0.5 - length(gl_PointCoord - 0.5)) * wide, 0.0, 1.0);
  }
  shade = vec4(colour * opacity, opacity);
}`;

/** The colour of each point, and the share of its opacity that it has: (points, 4) bytes. */
export type Tints = Uint8Array<ArrayBuffer>;

const [FEWEST, AT_FIRST] = [8_000, 20_000]; // points of a frame
const [QUICK, SLOW] = [19, 25]; // milliseconds of a frame
const BEYOND = 8; // pixels outside of the window, from where a point may reach into it

/**
 * The points in WebGL 2, as many in each frame as the browser draws quickly: what is left of them comes on top in the
 * frames after it. Each frame's are a fair sample of what is in view, of all places and of all frequencies.
 */
export class Scene {
  private readonly gl: WebGL2RenderingContext;
  private readonly uniforms: Record<string, WebGLUniformLocation | null> = {};
  private readonly positionBuffer: WebGLBuffer;
  private readonly tintBuffer: WebGLBuffer;
  private points: Points | null = null;
  private tints: Tints | null = null;
  private step = 1;
  private rows = new Uint32Array(0);
  private inView: Box = { left: 0, bottom: 0, right: 0, top: 0 };
  private left = 0;
  private row = 0;
  private most = AT_FIRST;

  /** Null where the browser has no WebGL 2. */
  static on(canvas: HTMLCanvasElement): Scene | null {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, preserveDrawingBuffer: true });
    return gl && new Scene(gl);
  }

  private constructor(gl: WebGL2RenderingContext) {
    this.gl = gl;
    [this.positionBuffer, this.tintBuffer] = [gl.createBuffer(), gl.createBuffer()];
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "position");
    gl.bindAttribLocation(program, 1, "tint");
    gl.linkProgram(program);
    gl.useProgram(program);
    for (const name of ["centre", "scale", "size", "words", "alpha"])
      this.uniforms[name] = gl.getUniformLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.tintBuffer);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positionBuffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Clears the picture, and sets what the next ones are drawn by: `tints`, or one colour for all points; `veil` is the share of their opacity. */
  begin(points: Points, camera: Camera, { width, height }: Size, ratio: number, colour: readonly number[], tints: Tints | null, veil: number): void {
    const { gl, uniforms } = this;
    if (tints && tints !== this.tints) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.tintBuffer);
      gl.bufferData(gl.ARRAY_BUFFER, tints, gl.STATIC_DRAW);
    }
    this.tints = tints;
    if (tints) gl.enableVertexAttribArray(1);
    else {
      gl.disableVertexAttribArray(1);
      gl.vertexAttrib4f(1, colour[0]! / 255, colour[1]! / 255, colour[2]! / 255, 1);
    }
    if (points !== this.points) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.positionBuffer);
      gl.bufferData(gl.ARRAY_BUFFER, points.positions, gl.STATIC_DRAW);
      this.points = points;
      this.step = spreading(points.count);
      this.rows = new Uint32Array(points.count);
    }
    const { size, alpha } = look(points, camera, { width, height });
    gl.viewport(0, 0, Math.round(width * ratio), Math.round(height * ratio));
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(uniforms.centre!, camera.x, camera.y);
    gl.uniform2f(uniforms.scale!, (2 * camera.scale) / width, (2 * camera.scale) / height);
    gl.uniform1f(uniforms.size!, size * ratio);
    gl.uniform1f(uniforms.words!, points.count);
    gl.uniform1f(uniforms.alpha!, alpha * veil);
    this.inView = view(camera, { width: width + 2 * BEYOND, height: height + 2 * BEYOND });
    this.left = points.count;
    this.row = 0;
  }

  /** Draws `most` more of the points, by default as many as a frame takes; false once all are there. */
  more(most = this.most): boolean {
    const { gl, rows, step } = this;
    const { positions, count } = this.points!;
    const { left, bottom, right, top } = this.inView;
    let { row } = this;
    let found = 0;
    for (; this.left && found < most; this.left--) {
      const [x, y] = [positions[2 * row]!, positions[2 * row + 1]!];
      if (x >= left && x <= right && y >= bottom && y <= top) rows[found++] = row;
      row += step;
      if (row >= count) row -= count;
    }
    this.row = row;
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows.subarray(0, found), gl.STREAM_DRAW);
    gl.drawElements(gl.POINTS, found, gl.UNSIGNED_INT, 0);
    return this.left > 0;
  }

  /** Draws fewer points in a frame, or more, by how long the last one took. */
  pace(milliseconds: number): void {
    if (milliseconds > SLOW) this.most = Math.max(FEWEST, 0.75 * this.most);
    else if (milliseconds < QUICK) this.most = Math.min(Math.max(FEWEST, this.rows.length), 1.2 * this.most);
  }
}

/** A step that leads from row to row through all of them, and in any part of its way evenly over them. */
function spreading(count: number): number {
  const divisor = (a: number, b: number): number => (b ? divisor(b, a % b) : a);
  let step = Math.max(1, Math.floor(0.618 * count));
  while (divisor(step, count) > 1) step++;
  return step;
}

/** Points grow the closer one looks, and the fewer there are; they stay transparent, so that a crowd is darker than one. */
export function look(points: Points, camera: Camera, size: Size): { size: number; alpha: number } {
  const zoom = camera.scale / points.whole(size).scale;
  const crowd = points.count / zoom ** 2 / (size.width * size.height);
  return {
    size: Math.min(6, Math.max(1.5, 2 / Math.sqrt(crowd * 12 + 0.08))),
    alpha: Math.min(0.5, Math.max(0.1, 0.15 / Math.sqrt(crowd + 0.03))),
  };
}

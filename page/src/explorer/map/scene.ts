import type { Camera, Points, Size } from "./points";

const VERTEX = `#version 300 es
in vec2 position;
uniform vec2 centre, scale;
uniform float size, words;
out float strength;
void main() {
  float rarity = float(gl_VertexID) / words;
  gl_Position = vec4((position - centre) * scale, 0.0, 1.0);
  gl_PointSize = size * mix(1.6, 0.8, sqrt(rarity));
  strength = mix(1.0, 0.6, sqrt(rarity));
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in float strength;
uniform vec3 colour;
uniform float alpha;
out vec4 shade;
void main() {
  float opacity = alpha * strength;
  shade = vec4(colour * opacity, opacity);
}`;

/** All points in one draw call of WebGL 2. */
export class Scene {
  private readonly gl: WebGL2RenderingContext;
  private readonly uniforms: Record<string, WebGLUniformLocation | null> = {};
  private points: Points | null = null;

  /** Null where the browser has no WebGL 2. */
  static on(canvas: HTMLCanvasElement): Scene | null {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false });
    return gl && new Scene(gl);
  }

  private constructor(gl: WebGL2RenderingContext) {
    this.gl = gl;
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
    gl.linkProgram(program);
    gl.useProgram(program);
    for (const name of ["centre", "scale", "size", "words", "colour", "alpha"])
      this.uniforms[name] = gl.getUniformLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  draw(points: Points, camera: Camera, { width, height }: Size, ratio: number, colour: readonly number[]): void {
    const { gl, uniforms } = this;
    if (points !== this.points) {
      // A word without a position is drawn far outside.
      gl.bufferData(gl.ARRAY_BUFFER, points.positions.map((value) => (Number.isNaN(value) ? 1e30 : value)), gl.STATIC_DRAW);
      this.points = points;
    }
    const { size, alpha } = look(points, camera, { width, height });
    gl.viewport(0, 0, Math.round(width * ratio), Math.round(height * ratio));
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(uniforms.centre!, camera.x, camera.y);
    gl.uniform2f(uniforms.scale!, (2 * camera.scale) / width, (2 * camera.scale) / height);
    gl.uniform1f(uniforms.size!, size * ratio);
    gl.uniform1f(uniforms.words!, points.count);
    gl.uniform3f(uniforms.colour!, colour[0]! / 255, colour[1]! / 255, colour[2]! / 255);
    gl.uniform1f(uniforms.alpha!, alpha);
    gl.drawArrays(gl.POINTS, 0, points.count);
  }
}

/** Points grow and become opaque the closer one looks, and the fewer there are. */
export function look(points: Points, camera: Camera, size: Size): { size: number; alpha: number } {
  const zoom = camera.scale / points.whole(size).scale;
  const crowd = points.count / zoom ** 2 / (size.width * size.height);
  return {
    size: Math.min(7, Math.max(1.5, 2 / Math.sqrt(crowd * 8 + 0.05))),
    alpha: Math.min(0.85, Math.max(0.1, 0.15 / Math.sqrt(crowd + 0.03))),
  };
}

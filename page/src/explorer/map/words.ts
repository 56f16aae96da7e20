const decoder = new TextDecoder();

/** All words, most frequent first, as the bytes that came: each becomes a string when it is asked for. */
export class Words {
  private readonly offsets: Uint32Array;
  private readonly text: Uint8Array;

  constructor(
    bytes: ArrayBuffer,
    readonly count: number,
  ) {
    this.offsets = new Uint32Array(bytes, 0, count + 1);
    this.text = new Uint8Array(bytes, 4 * (count + 1));
  }

  at(row: number): string {
    return decoder.decode(this.text.subarray(this.offsets[row], this.offsets[row + 1]));
  }
}

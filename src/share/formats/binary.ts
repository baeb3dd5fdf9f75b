// A growing little-endian file.

export class BinaryWriter {
  #bytes = new Uint8Array(1 << 12)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(x: number): this {
    const at = this.#take(1)
    this.#bytes[at] = x
    return this
  }
  u16(x: number): this {
    const at = this.#take(2)
    this.#view.setUint16(at, x, true)
    return this
  }
  u32(x: number): this {
    const at = this.#take(4)
    this.#view.setUint32(at, x, true)
    return this
  }
  u64(x: number): this {
    const at = this.#take(8)
    this.#view.setBigUint64(at, BigInt(x), true)
    return this
  }
  f32(x: number): this {
    const at = this.#take(4)
    this.#view.setFloat32(at, x, true)
    return this
  }
  f64(x: number): this {
    const at = this.#take(8)
    this.#view.setFloat64(at, x, true)
    return this
  }
  bytes(data: Uint8Array): this {
    const at = this.#take(data.length)
    this.#bytes.set(data, at)
    return this
  }
  /** Zeros up to a multiple of `size`. */
  align(size: number): this {
    this.#take((size - (this.#length % size)) % size)
    return this
  }

  /** What was written, in an array of its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  /** Room for so many bytes, zeroed; returns where it begins. */
  #take(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length))
      wider.set(this.#bytes.subarray(0, at))
      this.#bytes = wider
      this.#view = new DataView(wider.buffer)
    }
    return at
  }
}

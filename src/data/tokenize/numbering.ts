// Numbers large keys in the order in which they come: an open-addressing hash table without an object an entry.

/** Load above which the hash table doubles. */
const FULL = 0.6

/** Numbers given to keys, which are whole and not negative, in the order in which they are added. */
export class Numbering {
  #keys = new Float64Array(1 << 16).fill(-1)
  #values = new Uint32Array(1 << 16)
  size = 0

  /** The number of `key`, a new one if it has none yet. */
  add(key: number): number {
    if (this.size > FULL * this.#keys.length) this.#grow()
    const slot = this.#find(key)
    if (this.#keys[slot] === -1) {
      this.#keys[slot] = key
      this.#values[slot] = this.size++
    }
    return this.#values[slot]!
  }
  /** The number of `key`, or −1. */
  get(key: number): number {
    const slot = this.#find(key)
    return this.#keys[slot] === -1 ? -1 : this.#values[slot]!
  }
  #find(key: number): number {
    const mask = this.#keys.length - 1
    // The low bits of a product know the low bits of the key only: the high ones are brought down before the mask.
    const hash = Math.imul(key % 4294967296, 0x9e3779b1) ^ Math.imul(key / 4294967296, 0x85ebca6b)
    let slot = (hash ^ (hash >>> 15)) & mask
    while (this.#keys[slot] !== key && this.#keys[slot] !== -1) slot = (slot + 1) & mask
    return slot
  }
  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#keys = new Float64Array(2 * keys.length).fill(-1)
    this.#values = new Uint32Array(2 * keys.length)
    for (const [i, key] of keys.entries()) {
      if (key === -1) continue
      const slot = this.#find(key)
      this.#keys[slot] = key
      this.#values[slot] = values[i]!
    }
  }
}

// Memory for tensors within one WebAssembly.Memory. It is given out by pointer and never as a view, since growing the memory detaches every
// view. What is given back is used again; the memory itself never shrinks while its engine lives. Sizes in bytes.
import { OutOfMemoryError } from '../errors'
import { bytes as inWords } from '../words/sizes'

const PAGE = 65536
/** Of a cache line. */
const ALIGNMENT = 64
/** The heap begins here. Before it lies what kernels use for a moment; address 0 stands for a tensor that is absent. */
export const HEAP_START = 1024
/** Kernels that read by fours or by tiles read this far past a tensor's end. */
const SLACK = 64
/** What 32-bit addresses reach, less a page so that no end of a tensor is address 2³². */
export const MOST_MEMORY = 2 ** 32 - PAGE

interface Gap {
  from: number
  to: number
}

export class Heap {
  readonly memory: WebAssembly.Memory
  readonly #limit: number
  /** What is free, in the order of addresses; neighbours are one gap. */
  readonly #gaps: Gap[] = []
  readonly #sizes = new Map<number, number>()

  /** Throws RangeError where not even one page is to be had. */
  constructor(limit = MOST_MEMORY) {
    this.#limit = limit
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: Math.ceil(limit / PAGE) })
    this.#gaps.push({ from: HEAP_START, to: this.#end })
  }
  get #end(): number {
    return this.memory.buffer.byteLength
  }

  /** Where so many bytes begin, zeroed. Throws OutOfMemoryError with the label. */
  allocate(bytes: number, label: string): number {
    const size = Math.ceil((bytes + SLACK) / ALIGNMENT) * ALIGNMENT
    const gap = this.#gaps.find(({ from, to }) => to - from >= size) ?? this.#grown(size, bytes, label)
    const at = gap.from
    gap.from += size
    if (gap.from === gap.to) this.#gaps.splice(this.#gaps.indexOf(gap), 1)
    this.#sizes.set(at, size)
    new Uint8Array(this.memory.buffer, at, size).fill(0)
    return at
  }

  /** Gives back what `allocate` began at this address; a second time it does nothing. */
  free(at: number): void {
    const size = this.#sizes.get(at)
    if (size === undefined) return
    this.#sizes.delete(at)
    this.#add({ from: at, to: at + size })
  }
  #add(freed: Gap): void {
    let i = this.#gaps.findIndex(({ from }) => from > freed.from)
    if (i < 0) i = this.#gaps.length
    this.#gaps.splice(i, 0, freed)
    for (const left of [i, i - 1]) {
      const [a, b] = [this.#gaps[left], this.#gaps[left + 1]]
      if (!a || b?.from !== a.to) continue
      a.to = b.to
      this.#gaps.splice(left + 1, 1)
    }
  }

  /** The last gap, after growing the memory until it has so many bytes. */
  #grown(size: number, bytes: number, label: string): Gap {
    const end = this.#end
    const last = this.#gaps.at(-1)
    const start = last?.to === end ? last.from : end
    const pages = Math.ceil((start + size - end) / PAGE)
    const refused = (cause?: unknown) => {
      const message = `No memory for ${label} of ${inWords(bytes)}. Try a smaller batch, context or width.`
      return new OutOfMemoryError(message, { cause })
    }
    if (end + pages * PAGE > this.#limit) throw refused()
    try {
      this.memory.grow(pages)
    } catch (cause) {
      throw refused(cause)
    }
    this.#add({ from: end, to: this.#end })
    return this.#gaps.at(-1)!
  }
}

// ONNX's protocol: a graph of nodes whose tensors go by name. Source: onnx/onnx.proto, IR version 8; operators of opset 17.
import { bytes, float, int, ints, message, text, type Bytes } from './protobuf'

/** Element types of onnx.proto. */
export const TYPE = { f32: 1, i64: 7 } as const
/** Kinds of attributes of onnx.proto. */
const KIND = { float: 1, int: 2, ints: 7 } as const

/** A whole number, a list of them, or `{ float }`. */
type Attribute = number | readonly number[] | { float: number }
/** The size of a dimension, or the name of one that varies. */
type Dimension = number | string

export class OnnxGraph {
  readonly #nodes: Bytes[] = []
  readonly #initializers: Bytes[] = []
  readonly #inputs: Bytes[] = []
  readonly #outputs: Bytes[] = []
  readonly #constants = new Map<string, string>()
  #count = 0

  input(name: string, type: keyof typeof TYPE, shape: readonly Dimension[]): string {
    this.#inputs.push(bytes(11, valueInfo(name, TYPE[type], shape)))
    return name
  }
  /** Says that a tensor goes out under the name that it has. */
  output(name: string, shape: readonly Dimension[]): void {
    this.#outputs.push(bytes(12, valueInfo(name, TYPE.f32, shape)))
  }
  /** Numbers by name. */
  weight(name: string, shape: readonly number[], data: Float32Array): string {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#initializers.push(bytes(5, tensor(name, TYPE.f32, shape, raw)))
    return name
  }
  /** A constant number. */
  number(value: number): string {
    return this.#constant(`f:${value}`, (name) => this.weight(name, [], Float32Array.of(value)))
  }
  /** A constant list of whole numbers, or one alone. */
  integers(values: readonly number[] | number): string {
    return this.#constant(`i:${JSON.stringify(values)}`, (name) => {
      const list = typeof values === 'number' ? [values] : values
      const raw = new Uint8Array(BigInt64Array.from(list, BigInt).buffer)
      this.#initializers.push(bytes(5, tensor(name, TYPE.i64, typeof values === 'number' ? [] : [list.length], raw)))
      return name
    })
  }
  #constant(key: string, make: (name: string) => string): string {
    const known = this.#constants.get(key) ?? make(`constant.${this.#constants.size}`)
    this.#constants.set(key, known)
    return known
  }

  /** A node with one output, which gets `name`, or one of its own. */
  op(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    name?: string,
  ): string {
    return this.ops(type, inputs, [name ?? `${type}.${this.#count}`], attributes)[0]
  }
  /** A node with these outputs. */
  ops<const N extends readonly string[]>(
    type: string,
    inputs: readonly string[],
    outputs: N,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): N {
    const node = message(
      inputs.map((name) => text(1, name)),
      outputs.map((name) => text(2, name)),
      text(3, `${type}_${this.#count++}`),
      text(4, type),
      Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value))),
    )
    this.#nodes.push(bytes(1, node))
    return outputs
  }

  /** The model's file. */
  finish(name: string): Bytes {
    const graph = message(this.#nodes, text(2, name), this.#initializers, this.#inputs, this.#outputs)
    const opset = message(text(1, ''), int(2, 17))
    return message(int(1, 8), text(2, 'glasshouse'), bytes(7, graph), bytes(8, opset))
  }
}

function tensor(name: string, type: number, shape: readonly number[], raw: Uint8Array): Bytes {
  return message(shape.length > 0 ? ints(1, shape) : null, int(2, type), text(8, name), bytes(9, raw))
}

function attribute(name: string, value: Attribute): Bytes {
  if (typeof value === 'number') return message(text(1, name), int(3, value), int(20, KIND.int))
  if ('float' in value) return message(text(1, name), float(2, value.float), int(20, KIND.float))
  return message(
    text(1, name),
    value.map((x) => int(8, x)),
    int(20, KIND.ints),
  )
}

function valueInfo(name: string, type: number, shape: readonly Dimension[]): Bytes {
  const dimensions = shape.map((size) => bytes(1, typeof size === 'number' ? int(1, size) : text(2, size)))
  return message(text(1, name), bytes(2, bytes(1, message(int(1, type), bytes(2, message(dimensions))))))
}

// A kernel as text, an instruction a line, as the WebAssembly text format names them: what is computed, and not how it was written here.
// Knows the instructions that expressions.ts, statements.ts and pointer.ts write; see webassembly.github.io/spec/core/appendix/index-instructions.
import { invariant } from '../errors'
import type { Written } from './assembler'

/** What follows an instruction: nothing, a block's type, a number, a place in memory, a lane, sixteen bytes. */
type Operand = '' | 'block' | 'local' | 'label' | 'call' | 'i32' | 'f32' | 'memory' | 'lane' | 'bytes' | 'byte'

/** Names by number from the first one on, with what follows each; a dash is a number that no kernel uses. */
function named(first: number, names: string, operand: Operand = ''): [number, readonly [string, Operand]][] {
  return names.split(' ').flatMap((name, i) => (name === '-' ? [] : [[first + i, [name, operand] as const]]))
}

const SCALAR = new Map<number, readonly [string, Operand]>([
  ...named(0x02, 'block loop if', 'block'),
  ...named(0x05, 'else'),
  ...named(0x0b, 'end'),
  ...named(0x0c, 'br br_if', 'label'),
  ...named(0x0f, 'return'),
  ...named(0x10, 'call', 'call'),
  ...named(0x1a, 'drop select'),
  ...named(0x20, 'local.get local.set local.tee', 'local'),
  ...named(0x28, 'i32.load - f32.load', 'memory'),
  ...named(0x36, 'i32.store - f32.store', 'memory'),
  ...named(0x41, 'i32.const', 'i32'),
  ...named(0x43, 'f32.const', 'f32'),
  ...named(0x45, 'i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u'),
  ...named(0x5b, 'f32.eq f32.ne f32.lt f32.gt f32.le f32.ge'),
  ...named(0x6a, 'i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u'),
  ...named(0x71, 'i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u'),
  ...named(0x8b, 'f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest'),
  ...named(0x91, 'f32.sqrt f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign'),
  ...named(0xa8, 'i32.trunc_f32_s i32.trunc_f32_u'),
  ...named(0xb2, 'f32.convert_i32_s f32.convert_i32_u'),
  ...named(0xbc, 'i32.reinterpret_f32 - f32.reinterpret_i32'),
])

const VECTOR = new Map<number, readonly [string, Operand]>([
  ...named(0x00, 'v128.load', 'memory'),
  ...named(0x07, 'v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.store', 'memory'),
  ...named(0x0c, 'v128.const i8x16.shuffle', 'bytes'),
  ...named(0x11, 'i32x4.splat - f32x4.splat'),
  ...named(0x1b, 'i32x4.extract_lane i32x4.replace_lane - - f32x4.extract_lane f32x4.replace_lane', 'lane'),
  ...named(
    0x37,
    'i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u',
  ),
  ...named(0x41, 'f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge'),
  ...named(0x4d, 'v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true'),
  ...named(0x5c, 'v128.load32_zero v128.load64_zero', 'memory'),
  ...named(0x67, 'f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest'),
  ...named(0xa0, 'i32x4.abs i32x4.neg - i32x4.all_true i32x4.bitmask'),
  ...named(0xab, 'i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add'),
  ...named(0xb1, 'i32x4.sub - - - i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u'),
  ...named(
    0xe0,
    'f32x4.abs f32x4.neg - f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax',
  ),
  ...named(0xf8, 'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u'),
])

const TYPES = new Map([
  [0x7f, 'i32'],
  [0x7d, 'f32'],
  [0x7b, 'v128'],
])

/** The text of a function. `names` are those of its parameters; `called` names a function by its number. */
export function listing(
  { name, parameters, entry }: Written,
  names: readonly string[],
  called: (index: number) => string,
): string {
  const bytes = Uint8Array.from(entry)
  const view = new DataView(bytes.buffer)
  let at = 0
  const byte = () => bytes[at++]!
  /** A number of seven bits a byte, the lowest first (LEB128). */
  const number = (isSigned = false): number => {
    let [value, shift, last] = [0, 0, 0]
    do {
      last = byte()
      value |= (last & 0x7f) << shift
      shift += 7
    } while (last & 0x80)
    return isSigned && shift < 32 && last & 0x40 ? value | (-1 << shift) : isSigned ? value | 0 : value >>> 0
  }
  number() // the length of the entry
  const locals = Array.from({ length: number() }, () => {
    number()
    return TYPES.get(byte())!
  })
  const local = (index: number) => names[index] ?? `v${index - names.length}`
  const operands: Record<Operand, () => string> = {
    '': () => '',
    block: () => (at++, ''),
    byte: () => String(byte()),
    lane: () => String(byte()),
    local: () => `$${local(number())}`,
    label: () => String(number()),
    call: () => `$${called(number())}`,
    i32: () => String(number(true)),
    f32: () => {
      at += 4
      return String(view.getFloat32(at - 4, true))
    },
    memory: () => {
      number() // the alignment
      const offset = number()
      return offset > 0 ? `offset=${offset}` : ''
    },
    bytes: () => {
      at += 16
      return [...bytes.subarray(at - 16, at)].join(' ')
    },
  }
  const lines = [
    `(func $${name}`,
    ...parameters.map((type, i) => `  (param $${local(i)} ${type})`),
    ...locals.map((type, i) => `  (local $${local(names.length + i)} ${type})`),
  ]
  let depth = 1
  while (at < bytes.length) {
    const code = byte()
    const [instruction, operand] = decode(code)
    if (instruction === 'end' || instruction === 'else') depth--
    if (depth > 0) lines.push('  '.repeat(depth) + [instruction, operands[operand]()].filter(Boolean).join(' '))
    if (['block', 'loop', 'if', 'else'].includes(instruction)) depth++
  }
  return `${lines.join('\n')})`

  function decode(code: number): readonly [string, Operand] {
    if (code === 0xfc) return [number() === 11 ? 'memory.fill' : 'memory.copy', 'byte']
    const from = code === 0xfd ? number() : code
    const known = (code === 0xfd ? VECTOR : SCALAR).get(from)
    invariant(known, () => `${name}: no name for the instruction 0x${from.toString(16)}`)
    return known
  }
}

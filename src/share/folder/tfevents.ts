// TensorBoard's event file: records of a length, its checksum, an Event message and its checksum. Checksums are CRC-32C, turned and
// shifted. Sources: TensorFlow, core/lib/io/record_writer.cc, core/util/event.proto, core/framework/summary.proto.
import type { RunHistory } from '../../words/history'
import { BinaryWriter } from '../formats/binary'
import { bytes, float, int, message, text, type Bytes } from '../formats/protobuf'

/** The reversed polynomial of Castagnoli's CRC. */
const POLYNOMIAL = 0x82f63b78
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1
  return c
})

/** CRC-32C of bytes. */
export function crc32c(data: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of data) c = (c >>> 8) ^ TABLE[(c ^ byte) & 0xff]!
  return ~c >>> 0
}

/** As records have it, so that a checksum of checksums is none of zeros. */
const masked = (data: Uint8Array) => {
  const crc = crc32c(data)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** The losses and rates of a run. Wall times are seconds of training, for a file must not depend on when it is written. */
export function tensorboardEvents(history: RunHistory): Uint8Array<ArrayBuffer> {
  const file = new BinaryWriter()
  write(file, message(double(1, 0), text(3, 'brain.Event:2')))
  const columns = history.steps.view()
  const seconds = new Map<number, number>()
  columns.step.forEach((step, i) => {
    seconds.set(step, columns.elapsed_s[i]!)
    const values = { 'loss/train': columns.loss, grad_norm: columns.grad_norm, learning_rate: columns.learning_rate }
    write(
      file,
      event(
        step,
        columns.elapsed_s[i]!,
        Object.entries(values).map(([tag, of]) => [tag, of[i]!] as const),
      ),
    )
  })
  for (const { step, val_loss } of history.evals)
    write(file, event(step, seconds.get(step) ?? 0, [['loss/validation', val_loss]]))
  return file.finish()
}

function event(step: number, seconds: number, values: readonly (readonly [string, number])[]): Bytes {
  const summary = values.map(([tag, value]) => bytes(1, message(text(1, tag), float(2, value))))
  return message(double(1, seconds), int(2, step), bytes(5, message(summary)))
}

const FIXED64 = 1
function double(field: number, value: number): Bytes {
  const out = new Uint8Array(9)
  out[0] = (field << 3) | FIXED64
  new DataView(out.buffer).setFloat64(1, value, true)
  return out
}

function write(file: BinaryWriter, data: Uint8Array): void {
  const length = new BinaryWriter().u64(data.length).finish()
  file.bytes(length).u32(masked(length)).bytes(data).u32(masked(data))
}

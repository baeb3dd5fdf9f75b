// DEFLATE without a header (RFC 1951), by the browser's own streams. What comes out of a link is counted as it comes: a stream that
// swells past its cap is ended there.
import { LinkError } from '../../errors'

export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return gather(new CompressionStream('deflate-raw'), bytes, Infinity)
}

/** Throws LinkError where it is no such stream, or swells to more than `most` bytes, of which no more than a piece beyond is held. */
export async function inflate(bytes: Uint8Array<ArrayBuffer>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await gather(new DecompressionStream('deflate-raw'), bytes, most)
  } catch (cause) {
    if (cause instanceof LinkError) throw cause
    throw new LinkError('The link cannot be unpacked: it is damaged. Ask for it again.', { cause })
  }
}

/** Bytes that are unpacked at a time. A byte becomes a thousand at most, and a browser unpacks all that it is given at once. */
const SLICE = 1024

async function write(writable: WritableStream<BufferSource>, bytes: Uint8Array<ArrayBuffer>, slice: number) {
  const writer = writable.getWriter()
  for (let from = 0; from < bytes.length; from += slice) {
    await writer.ready
    await writer.write(bytes.subarray(from, from + slice))
  }
  await writer.close()
}

async function gather(
  { readable, writable }: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const written = write(writable, bytes, most === Infinity ? bytes.length : SLICE)
  // Both ends fail alike; the reading end tells.
  written.catch(() => undefined)
  const reader = readable.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > most) {
      reader.cancel().catch(() => undefined)
      throw new LinkError(
        `The link swells to more than ${most} bytes, which no link of this page does. It is not opened.`,
      )
    }
    pieces.push(value)
  }
  await written
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

// Bytes of old computers: the encoding is guessed and told; what is nearly UTF-8 stays UTF-8; what is no text is refused.
import { describe, expect, test } from 'vitest'
import { decodeText, tidy } from '../../../src/data/collect/encoding'
import { CorpusError } from '../../../src/errors'

const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const utf8 = (text: string) => new TextEncoder().encode(text)
function decode(bytes: Uint8Array): { text: string; notices: string[] } {
  const notices: string[] = []
  return { text: decodeText('old.txt', bytes, notices), notices }
}
/** The bytes of a text in a one-byte or two-byte encoding, by asking its decoder about every byte and pair. */
function encode(text: string, label: string): Uint8Array {
  const bytesOf = new Map<string, number[]>()
  const learn = (bytes: number[]) => {
    const c = new TextDecoder(label).decode(Uint8Array.from(bytes))
    if ([...c].length === 1 && c !== '\ufffd' && !bytesOf.has(c)) bytesOf.set(c, bytes)
  }
  for (let a = 1; a < 256; a++) learn([a])
  for (let a = 0x81; a < 256; a++) for (let b = 0x40; b < 256; b++) learn([a, b])
  // Node 20 decodes Windows-1252 as Latin-1.
  const curly = new Map([...'–“”’'].map((c, i) => [c, [0x96, 0x93, 0x94, 0x92][i]!]))
  return Uint8Array.from([...text].flatMap((c) => bytesOf.get(c) ?? curly.get(c) ?? [63]))
}

describe('guessed, and told', () => {
  test.each([
    [
      'Windows-1252',
      'windows-1252',
      'Straße, Café, “Ahab” and the whale’s déjà vu: für alle größeren Wale – niño, façade. ',
    ],
    ['Shift_JIS', 'shift_jis', '鯨は海にいる。日本語のテキストです。'],
    ['Windows-1251', 'windows-1251', 'Зовите меня Измаил. Несколько лет тому назад у меня не было денег. '],
    ['EUC-KR', 'euc-kr', '나를 이스마엘이라고 부르라. 고래는 바다에 산다. '],
  ])('%s', (_, label, line) => {
    const text = line.repeat(5)
    const read = decode(encode(text, label))
    expect(read.text).toBe(text)
    expect(read.notices).toEqual([expect.stringContaining(`it was read as ${label}`)])
  })
  test('a single old letter among many plain ones', () =>
    expect(decode(latin1('whale '.repeat(100) + 'caf\xe9')).text).toMatch(/café$/))
  test('an old letter far into a large file', () =>
    expect(decode(latin1('whale '.repeat(20_000) + 'caf\xe9 d\xe9j\xe0 vu')).text).toMatch(/café déjà vu$/))
})

describe('not guessed', () => {
  test('UTF-8, with and without its mark', () => {
    expect(decode(utf8('\ufeffWal 🐋'))).toEqual({ text: 'Wal 🐋', notices: [] })
    expect(decode(utf8('Wal 🐋'))).toEqual({ text: 'Wal 🐋', notices: [] })
  })
  test('UTF-8 that was cut in the middle of a character', () => {
    const { text, notices } = decode(utf8('naïve café 🐋 '.repeat(20) + '🐋').subarray(0, -1))
    expect(text.endsWith('\ufffd')).toBe(true)
    expect(notices).toEqual(['In 1 place old.txt is not UTF-8; “\ufffd” stands there instead.'])
  })
  test('a zero byte, or letters no encoding knows, are refused', () => {
    expect(() => decode(latin1('a\0b'))).toThrow(CorpusError)
    expect(() => decode(new Uint8Array(50).fill(0x81))).toThrow(/Save it as UTF-8/)
  })
})

test('text from inside another format is tidied', () =>
  expect(tidy('\ufeffa\r\nb\rc\ud800\0')).toBe('a\nb\nc\ufffd\ufffd'))

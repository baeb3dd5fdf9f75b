// Web pages as text: what is read, how it is laid out, what is left out, and linear time on pages made to take more.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { declaredEncoding, htmlText } from '../../../src/data/collect/html_text'
import { utf8 } from './made_files'
import { cpuTime } from '../../cpu_time'

describe('a page', () => {
  test.each([
    [
      'paragraphs stand apart',
      '<p>One <b>bold</b>\n  word<p>Two</p>\n\n<p></p><p>Three',
      'One bold word\n\nTwo\n\nThree',
    ],
    ['blocks are lines', '<div>a</div><div><div>b</div></div>c<br>d<ul><li>e<li>f</ul>', 'a\nb\nc\nd\n\ne\nf'],
    ['its title comes first', '<title>T &amp; t</title><h1>Head</h1>x', 'T & t\n\nHead\n\nx'],
    ['entities', '&lt;b&gt; &eacute;&#x1F40B; &copy &notathing; &#0; AT&T', '<b> é🐋 © ¬athing; \ufffd AT&T'],
    ['a no-break space stays', 'a&nbsp;b', 'a\u00a0b'],
    [
      'scripts, styles and menus are left out',
      'a<script>if (1<2) x("</p>")</script><style>p{}</style><nav>n<p>n</nav>b',
      'ab',
    ],
    [
      'so are templates and what is shown without scripts',
      'a<template>t<template>t</template>t</template><noscript>n</noscript>b',
      'ab',
    ],
    ['a menu that is never closed takes nothing with it', 'a<nav>b<p>c', 'ab\n\nc'],
    ['alternative texts, comments and attributes too', 'a<img alt="no" title="no"><!-- no --><a href="no">b</a>', 'ab'],
    ['tables', '<table><tr><th>x<th>y</tr><tr><td>1<td> 2 <td></td></tr></table>', 'x\ty\n1\t2'],
    ['white space in pre', '<pre>a\n   b\n\n\tc</pre>  d  e', 'a\n   b\n\n\tc\n\nd e'],
    ['no markup', 'just text', 'just text'],
    ['upper-case tags', '<P>a<BR>b<SCRIPT>x</SCRIPT>', 'a\nb'],
    ['broken markup', '<p <b>a</ p>b<<c & <3', 'ab<'],
    ['right-to-left and combining text', '<p>שלום</p><p>e\u0301a\u0308</p>', 'שלום\n\ne\u0301a\u0308'],
    ['zeros and halves of characters', 'a\0b\ud800c', 'a\ufffdb\ufffdc'],
    ['nothing', '<html><head></head><body> \n </body></html>', ''],
  ])('%s', (_, html, text) => expect(htmlText(html)).toBe(text))

  test('text without markup comes through', () => {
    const words = fc.array(fc.stringMatching(/^[^\s<&\0]{1,9}$/u), { maxLength: 30 })
    fc.assert(
      fc.property(words, (list) => {
        expect(htmlText(`<p>${list.join(' \n')}</p>`)).toBe(list.join(' '))
      }),
    )
  })
})

test.each([
  ['<meta charset="windows-1251">', 'windows-1251'],
  ["<META http-equiv=Content-Type content='text/html; charset=Shift_JIS'>", 'Shift_JIS'],
  ['<p>charset=none</p>', undefined],
  [`${' '.repeat(2000)}<meta charset=late>`, undefined],
])('%s declares %s', (html, encoding) => expect(declaredEncoding(utf8(html))).toBe(encoding))

test('nested 100,000 deep', () => {
  const html = `${'<div>'.repeat(100_000)}deep${'</div>'.repeat(100_000)}`
  expect(htmlText(html)).toBe('deep')
})

test.each([
  '<div>',
  '</span>',
  '<',
  '</',
  '<!--',
  '<nav>',
  '<nav></nav',
  '&',
  '&#',
  '<a b="',
  '<a ',
  '<svg><p>x',
  '<![CDATA[',
  '<title>',
  '<pre>\n',
  '<td>',
  ' \n',
  '<meta ',
])('linear in time: %j again and again', (unit) => {
  const time = (repeats: number) => {
    const html = unit.repeat(repeats)
    return cpuTime(() => htmlText(html))
  }
  const best = (repeats: number) => Math.min(...Array.from({ length: 3 }, () => time(repeats)))
  time(10_000)
  // Sixteen times as much: quadratic would be 256 times the time; what is too short to measure counts as 5 ms.
  expect(best(320_000) / Math.max(5, best(20_000))).toBeLessThan(80)
})

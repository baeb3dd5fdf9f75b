// Most heads are small here: a software driver takes seconds to compile each head size, and longest the plain form.
import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('flash_attention', cases.flash_attention, {
  'one token': { B: 1, T: 1, NH: 1, NKV: 1, HS: 4 },
  'odd numbers of tokens and heads': { B: 2, T: 5, NH: 3, NKV: 3, HS: 8 },
  'grouped queries, dropout': { B: 2, T: 9, NH: 6, NKV: 2, HS: 4, p: 0.3, stream: 5 },
  'one key head for all, longer than a workgroup, dropout': { B: 1, T: 97, NH: 2, NKV: 1, HS: 4, p: 0.1, stream: 1 },
  'the largest heads': { B: 1, T: 7, NH: 2, NKV: 1, HS: 64 },
  'scores of ±80': {
    B: 1,
    T: 12,
    NH: 2,
    NKV: 1,
    HS: 4,
    fill: (i: number, z: number) => (i % 16 < 12 ? 6.3 * Math.sign(z) : z),
  },
  'equal keys': {
    B: 1,
    T: 11,
    NH: 2,
    NKV: 2,
    HS: 4,
    fill: (i: number, z: number) => (i % 24 >= 8 && i % 24 < 16 ? 1 : z),
  },
})

// By sixteens, and over blocks of 64 rows.
const blocks = {
  'one token, a head of 16': { B: 1, T: 1, NH: 1, NKV: 1, HS: 16 },
  'grouped queries, blocks of rows, dropout': { B: 2, T: 67, NH: 4, NKV: 2, HS: 16, p: 0.3, stream: 5 },
  'more than two blocks, a head of 32': { B: 1, T: 131, NH: 2, NKV: 1, HS: 32 },
  'scores of ±80 over several tiles': {
    B: 1,
    T: 70,
    NH: 1,
    NKV: 1,
    HS: 16,
    fill: (i: number, z: number) => (i % 48 < 32 ? 4.5 * Math.sign(z) : z),
  },
}

testOp('flash_attention', cases.flash_attention, blocks, undefined, ['tile', 'quad'])
